// The log of a deployment: the newest lines, in bounded space, over restarts, told to those who listen.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { SimulatedClock } from '../../base/index.ts'
import { LogRing } from './log-ring.ts'

const LINE = { level: 'info', source: 's', service: '', operator: '' } as const

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-ring-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('the newest lines stay, in bounded space, over restarts', context => {
  const folder = folderFor(context)
  const clock = new SimulatedClock()
  let ring = new LogRing(folder, clock, 2_000)
  for (let index = 0; index < 500; index++) {
    ring.add({ ...LINE, message: `line ${index}` })
    if (index % 7 === 0) ring.flush()
    if (index === 250) {
      ring.flush()
      ring = new LogRing(folder, clock, 2_000)
    }
  }
  const tail = ring.tail(10).map(({ message }) => message)
  deepStrictEqual(
    tail,
    Array.from({ length: 10 }, (_, index) => `line ${490 + index}`)
  )
  deepStrictEqual(ring.tail(0), [])
  const bytes = readdirSync(folder).reduce(
    (sum, name) => sum + statSync(join(folder, name)).size,
    0
  )
  ok(bytes < 7_000, `${bytes} bytes`)
  // A crash has cut the last line.
  appendFileSync(join(folder, 'log-0.jsonl'), '{"time":1,"mess')
  strictEqual(new LogRing(folder, clock).tail(1)[0]!.message, 'line 499')
})

test('lines that come too fast are left out and counted, and listeners hear all', async context => {
  const clock = new SimulatedClock()
  const ring = new LogRing(folderFor(context), clock)
  let heard = 0
  const stop = ring.listen(() => heard++)
  const message = 'x'.repeat(1_000)
  for (let index = 0; index < 1_000; index++) ring.add({ ...LINE, message })
  stop()
  ring.add({ ...LINE, message: 'unheard' })
  strictEqual(heard, 1_000)
  await clock.advance(1_000)
  const lines = ring.tail(10_000)
  ok(lines.length < 400, `${lines.length} lines`)
  const told = /^(\d+) lines were left out/.exec(lines.at(-1)!.message)
  strictEqual(Number(told![1]) + lines.length - 1, 1_001)
})
