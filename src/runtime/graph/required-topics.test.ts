// Which topics a plan needs, and which of them are handed on depth first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEAD_LETTER, counting, plan, service, string, topic } from '../test-kit.ts'
import { chainedTopics } from './chained-topics.ts'
import { requiredTopics, taskCount } from './required-topics.ts'

function changelogOf(topics: ReturnType<typeof requiredTopics>): number | null {
  return topics.find(({ role }) => role === 'changelog')!.partitions
}

test('lists sources and sinks, then dead letters, changelog and repartition topics', () => {
  const topics = requiredTopics(counting({ partitions: 3 }))
  assert.deepEqual(
    topics.map(({ name, partitions, internal, cleanup, role }) => [
      name,
      partitions,
      internal,
      cleanup,
      role
    ]),
    [
      ['in', 3, false, null, 'source'],
      ['out', 3, false, null, 'sink'],
      ['test.dead-letter', 1, false, null, 'dead-letter'],
      ['_millrace.examples.test.changelog', 3, true, 'compact', 'changelog'],
      ['_millrace.examples.test.count.repartition', 3, true, 'delete', 'repartition']
    ]
  )
})

test('internal topics have a partition per task, as far as tasks are known', () => {
  const one = counting({ partitions: 1 })
  const open = {
    ...one,
    topics: { ...one.topics, in: topic('in', string, { partitions: null }) }
  }
  assert.equal(changelogOf(requiredTopics(open)), null)
  assert.equal(changelogOf(requiredTopics(open, name => (name === 'in' ? 5 : null))), 5)
  assert.equal(
    taskCount(open, () => 5),
    5
  )
})

test('a topic under two ids is needed once, and only what services use is needed', () => {
  const skip = { ...DEAD_LETTER, policy: 'skip' } as const
  const one = plan(
    [
      topic('a', string, { name: 'shared', partitions: null }),
      topic('b', string, { name: 'shared', partitions: 2 }),
      topic('unused')
    ],
    [service('s', { sources: ['a', 'b'], sinks: [], errors: skip })]
  )
  assert.deepEqual(
    requiredTopics(one).map(({ name, partitions, role }) => [name, partitions, role]),
    [['shared', 2, 'source']]
  )
})

test('topics between services are chained, loops and outside topics are not', () => {
  const topics = ['in', 'a', 'b', 'loop', 'out'].map(id => topic(id))
  const one = plan(topics, [
    service('first', { sources: ['in'], sinks: ['a', 'loop'] }),
    service('second', { sources: ['a'], sinks: ['b'] }),
    service('third', { sources: ['b', 'loop'], sinks: ['loop', 'out'] })
  ])
  assert.deepEqual([...chainedTopics(one)].toSorted(), ['a', 'b'])
})
