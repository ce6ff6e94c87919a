// The names of internal topics: one per dataflow, within what the log takes.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { TOPIC_NAME_LENGTH_MAX } from '../../base/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import { changelogTopicName, repartitionTopicName } from './names.ts'

function planOf(namespace: string, name: string): Plan {
  return { namespace, name, services: [] as Plan['services'] } as Plan
}

test('dataflows of one name in two namespaces keep their states and records apart', () => {
  assert.equal(changelogTopicName(planOf('a', 'same')), '_millrace.a.same.changelog')
  assert.equal(repartitionTopicName(planOf('b', 'same'), 's'), '_millrace.b.same.s.repartition')
})

test('names that would be too long for a topic stay apart in a shorter form', () => {
  const long = 'x'.repeat(100)
  const names = [
    changelogTopicName(planOf(long, long)),
    repartitionTopicName(planOf(long, long), long),
    repartitionTopicName(planOf(long, long), `${long.slice(1)}y`)
  ]
  assert.equal(new Set(names).size, 3)
  for (const name of names) assert.ok(name.length <= TOPIC_NAME_LENGTH_MAX, name)
})
