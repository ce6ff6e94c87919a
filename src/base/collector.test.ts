// Tests that short-lived buffers do not make the collector mark the whole heap.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'

/** A heap with a million small things, and two gigabytes of buffers of which a megabyte is alive at a time. */
const SCRIPT = `
import { PerformanceObserver, constants } from 'node:perf_hooks'
import { letHeapGrow } from ${JSON.stringify(resolve(import.meta.dirname, 'collector.ts'))}
if (process.argv[1] === 'grow') letHeapGrow()
let whole = 0
const count = entry => { if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) whole++ }
new PerformanceObserver(list => list.getEntries().forEach(count)).observe({ entryTypes: ['gc'] })
const live = Array.from({ length: 200_000 }, (_, index) => ({ name: 'name ' + index }))
let buffers = []
for (let round = 0; round < 2_000; round++) {
  buffers = Array.from({ length: 16 }, () => Buffer.allocUnsafeSlow(65_536))
  if (round % 4 === 0) await new Promise(setImmediate)
}
await new Promise(setImmediate)
console.log(JSON.stringify({ whole, kept: live.length + buffers.length }))
`

test('buffers that die young do not have the whole heap collected', () => {
  const plain = wholeCollections('plain')
  const grown = wholeCollections('grow')
  assert.ok(grown * 4 < plain, `${grown} collections of the whole heap, ${plain} without`)
})

function wholeCollections(mode: string): number {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', SCRIPT, mode]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.notEqual(stdout, '', stderr)
  return (JSON.parse(stdout) as { readonly whole: number }).whole
}
