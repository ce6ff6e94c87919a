// What module files say of ingresses as the options of the functions' runtime: where each of them begins.
import { deepStrictEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { statefulFunction } from '../../functions/index.ts'
import { loadApplication } from './application.ts'
import { loadFiles } from '../files/dataflow-files.ts'

const target = statefulFunction({ typename: 'test/fn', handler() {} })

/** Where the topics `a` and `b` begin. */
async function startsOf(file: string, keys: string): Promise<unknown[]> {
  const text = `kind: io.statefun.kafka.v1/ingress
spec:
  id: test/in
  address: kafka:9092
  topics:
    - { topic: a, valueType: test/value, targets: [test/fn] }
    - { topic: b, valueType: test/value, targets: [test/fn] }
${keys}`
  writeFileSync(file, text)
  const request = { localAddresses: ['kafka:9092'], functionFiles: [], allowPrivate: false }
  const { application, diagnostics } = await loadApplication(loadFiles([file]), {
    ...request,
    functions: [target]
  })
  deepStrictEqual(diagnostics, [], text)
  return application!.ingresses.map(({ start }) => start)
}

/** The same for both topics. */
function both(start: unknown): unknown[] {
  return [start, start]
}

test('an ingress begins where its module file says', async context => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-application-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'module.yaml')
  const reset = '  autoOffsetResetPosition: earliest\n'
  const group = '  startupPosition: { type: group-offsets }\n'
  const cases: [string, unknown[]][] = [
    ['', both({ position: 'end', value: 0 })],
    ['  startupPosition: { type: earliest }\n', both({ position: 'beginning', value: 0 })],
    [
      '  startupPosition: { type: date, date: 1970-01-01 00:00:01.000 Z }\n',
      both({ position: 'time', timestampMs: 1_000 })
    ],
    [
      `  startupPosition: { type: specific-offsets, offsets: [ { a/1: 7 } ] }\n${reset}`,
      [
        { position: 'offsets', offsets: new Map([[1, 7]]), others: 'beginning' },
        { position: 'offsets', offsets: new Map(), others: 'beginning' }
      ]
    ],
    [group, both({ position: 'end', value: 0 })],
    [
      `${group}  consumerGroupId: greeter\n${reset}`,
      both({ position: 'group', group: 'greeter', others: 'beginning' })
    ]
  ]
  for (const [keys, starts] of cases) deepStrictEqual(await startsOf(file, keys), starts, keys)
})
