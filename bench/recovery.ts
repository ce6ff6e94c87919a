// Bench of a restart: 1,000,000 keys counted, the process killed at once, and the time until it counts on.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { Suite } from './harness.ts'

const KEYS = 1_000_000
const ROUNDS = 5
const POLL_MS = 2
/** Longer than any round should take. */
const PATIENCE_MS = 120_000

const DATAFLOW = `apiVersion: 1.0.0
meta: { name: keys, namespace: bench, version: 0.1.0 }
topics:
  words: { schema: { value: { type: string, converter: raw } } }
  counts: { schema: { key: { type: string }, value: { type: u32, converter: json } } }
services:
  count:
    sources: [{ type: topic, id: words }]
    states:
      per-word: { type: keyed-state, properties: { key: string, value: u32 } }
    partition:
      assign-key:
        run: |
          function byWord(word: string): string { return word }
      update-state:
        run: |
          function countUp(word: string, ctx: Context): KeyValue<string, u32> {
            return keyed(word, ctx.state.perWord.update(n => n + 1))
          }
    sinks: [{ type: topic, id: counts }]
`

const command = resolve(import.meta.dirname, '../bin/millrace.js')
const suite = new Suite('recovery', {
  about:
    `the command, run from source: a count over ${KEYS} keys, killed by SIGKILL when the last key is out, while its ` +
    'state is being written; started again with one line more',
  notMeasured: ['A restart with cold caches of the file system.']
})

const ready: number[] = []
const first: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-recovery-'))
  try {
    const times = await restart(folder)
    ready.push(times.readyMs)
    first.push(times.firstMs)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
suite.value('ready after a kill', { unit: 'ms' }, ready)
suite.value('first new output after a kill', { unit: 'ms', goal: 2_000 }, first)
suite.finish()

/** Fills, kills, starts again. The times count from the second spawn. */
async function restart(folder: string): Promise<{ readyMs: number; firstMs: number }> {
  writeFileSync(join(folder, 'dataflow.yaml'), DATAFLOW)
  const lines = Array.from({ length: KEYS }, (_, index) => `key-${index}\n`).join('')
  writeFileSync(join(folder, 'fill.txt'), lines)
  writeFileSync(join(folder, 'more.txt'), `key-${KEYS / 2}\n`)
  const output = join(folder, 'counts.txt')
  const filling = run(folder, 'fill.txt')
  // Each key's first count is a line of two bytes.
  await until(() => sizeOf(output) >= KEYS * 2)
  const killed = once(filling, 'exit')
  filling.kill('SIGKILL')
  await killed
  const begin = performance.now()
  const again = run(folder, 'more.txt')
  let readyMs = 0
  again.stderr!.on('data', (text: Buffer) => {
    if (readyMs === 0 && text.includes('ready in')) readyMs = performance.now() - begin
  })
  await until(() => lastLine(output) === '2')
  const firstMs = performance.now() - begin
  const ended = once(again, 'exit')
  again.kill('SIGTERM')
  await ended
  if (readyMs === 0) throw new Error('millrace run did not say that it is ready')
  return { readyMs, firstMs }
}

function run(folder: string, input: string): ChildProcess {
  const files = ['--in', `words=${join(folder, input)}`, '--out', `counts=${folder}/counts.txt`]
  return spawn(process.execPath, [command, 'run', join(folder, 'dataflow.yaml'), ...files], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error('the output did not come')
    await sleep(POLL_MS)
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** The last line of a file of numbers below 10; empty when there is none. */
function lastLine(path: string): string {
  const size = sizeOf(path)
  if (size < 2) return ''
  const bytes = Buffer.alloc(2)
  const file = openSync(path, 'r')
  readSync(file, bytes, 0, 2, size - 2)
  closeSync(file)
  return bytes.toString().trim()
}
