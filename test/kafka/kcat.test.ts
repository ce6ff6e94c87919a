// kcat (librdkafka, C) from the system's packages, unchanged, against the broker.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { brokerFor } from './kit.ts'
import { hasCommand, runTool } from './toolchain.ts'

const skip = hasCommand('kcat', '-V') ? false : 'kcat is not installed; apt-get install kcat'

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  test(`kcat produces with ${codec} and reads all of it`, { skip }, async t => {
    const { bootstrap, problems } = await brokerFor(t)
    const lines = Array.from({ length: 300 }, (_, index) => `k${index}:value ${index}`)
    const input = `${lines.join('\n')}\n`
    const produced = await runTool('kcat', ['-b', bootstrap, '-P', '-t', 't', '-K:', '-z', codec], {
      input
    })
    strictEqual(produced.code, 0, produced.stderr)
    const read = await runTool('kcat', ['-b', bootstrap, '-C', '-t', 't', '-K:', '-e', '-q'])
    strictEqual(read.code, 0, read.stderr)
    deepStrictEqual(read.stdout.trim().split('\n'), lines)
    deepStrictEqual(problems, [])
  })
}

test('kcat lists, finds offsets by time, and reads as a group', { skip }, async t => {
  const { bootstrap } = await brokerFor(t, { partitions: 2 })
  await runTool('kcat', ['-b', bootstrap, '-P', '-t', 'q', '-p', '0'], { input: 'a\nb\n' })
  const listed = await runTool('kcat', ['-b', bootstrap, '-L'])
  match(listed.stdout, /topic "q" with 2 partitions/)
  const end = await runTool('kcat', ['-b', bootstrap, '-Q', '-t', 'q:0:-1'])
  match(end.stdout, /q \[0\] offset 2/)
  const first = await runTool('kcat', ['-b', bootstrap, '-Q', '-t', 'q:0:1'])
  match(first.stdout, /q \[0\] offset 0/)
  const group = ['-X', 'auto.offset.reset=earliest', '-G', 'g', 'q', '-e', '-q']
  const read = await runTool('kcat', ['-b', bootstrap, ...group])
  deepStrictEqual(read.stdout.trim().split('\n').toSorted(), ['a', 'b'])
})
