// The arguments of run: what is taken, and the sentence for what is not.
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { readRunOptions } from './run-options.ts'
import type { RunOptions } from './run-options.ts'

const STANDARD: RunOptions = { inFormat: 'text', outFormat: 'value', workers: 0 }

function read(options: Partial<RunOptions>) {
  return readRunOptions({ ...STANDARD, ...options })
}

test('TOPIC=FILE splits at the first =, and - is stdin or stdout', () => {
  const { inputs, outputs } = read({ in: ['a=x=y.txt', 'b=-'], out: ['c=-', 'd=-'] })
  assert.deepEqual(inputs, [
    { topic: 'a', path: resolve('x=y.txt'), given: 'x=y.txt' },
    { topic: 'b', path: null, given: '-' }
  ])
  assert.deepEqual(
    outputs.map(output => output.path),
    [null, null]
  )
})

test('the paths of stdin and stdout mean stdin and stdout', () => {
  const { inputs, outputs } = read({ in: ['a=/dev/stdin'], out: ['c=/dev/stdout', 'd=/dev/fd/1'] })
  const paths = [...inputs, ...outputs].map(({ path }) => path)
  assert.deepEqual(paths, [null, null, null])
})

test('NAME=VALUE of the environment may hold = and may be empty', () => {
  const { env } = read({ env: ['A=1=2', 'B='] })
  assert.deepEqual(env, { A: '1=2', B: '' })
})

const refused: readonly (readonly [string, Partial<RunOptions>, RegExp])[] = [
  ['an input without a file', { in: ['topic'] }, /--in topic: it takes TOPIC=FILE/],
  ['an input without a topic', { in: ['=file'] }, /--in =file: it takes TOPIC=FILE/],
  [
    'an output without a file',
    { out: ['topic='] },
    /--out topic=: it takes TOPIC=FILE, as in .* for stdout/
  ],
  ['stdin twice', { in: ['a=-', 'b=-'] }, /reads stdin for more than one topic/],
  ['an input twice', { in: ['a=x', 'a=./x'] }, /--in a=.\/x stands there twice/],
  ['one file for two outputs', { out: ['a=x', 'b=./x'] }, /two --out write/],
  ['an output over an input', { in: ['a=x'], out: ['b=x'] }, /would be overwritten by --out/],
  [
    'two data directories',
    { ephemeral: true, dataDir: 'x' },
    /--ephemeral and --data-dir exclude each other/
  ],
  ['an empty separator', { keySeparator: '' }, /--key-separator is empty/],
  ['a separator in JSON', { keySeparator: ':', inFormat: 'json' }, /belongs to text input/],
  ['a shell that drains', { shell: true, drain: true }, /--drain ends it/],
  ['a shell and input on stdin', { shell: true, in: ['a=-'] }, /so does an --in/],
  [
    'a state without a drain',
    { show: ['s.t'] },
    /--show prints a state at the end of a run with --drain/
  ],
  ['an environment without a name', { env: ['=x'] }, /--env =x: it takes NAME=VALUE/]
]

for (const [name, options, message] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(() => read(options), { code: 'USAGE', message })
  })
}
