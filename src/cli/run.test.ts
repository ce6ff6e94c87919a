// `millrace run` as users start it: feeding, draining, outputs, resuming, stopping, and what goes wrong.
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import type { ChildProcess } from 'node:child_process'
import { finished, run, start } from '../../test/command.ts'
import type { Finished } from '../../test/command.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-run-'))
after(() => rmSync(root, { recursive: true }))

const UPPER = `apiVersion: 1.0.0
meta: { name: upper, namespace: test, version: 0.1.0 }
topics:
  words: { schema: { value: { type: string, converter: raw } } }
  loud: { schema: { key: { type: string }, value: { type: string, converter: raw } } }
services:
  shout:
    sources: [{ type: topic, id: words }]
    transforms:
      - operator: map
        run: |
          function loudly(word: string, ctx: Context): string {
            if (word === 'boom') throw new Error('no booms')
            return word.toUpperCase() + (ctx.env['MARK'] ?? '')
          }
    sinks: [{ type: topic, id: loud }]
`

/** Reads what \`upper\` writes. */
const COUNT = `apiVersion: 1.0.0
meta: { name: count, namespace: test, version: 0.1.0 }
topics:
  loud: { schema: { key: { type: string }, value: { type: string, converter: raw } } }
  counts: { schema: { key: { type: string }, value: { type: u32, converter: raw } } }
services:
  count:
    sources: [{ type: topic, id: loud }]
    states:
      per-word: { type: keyed-state, properties: { key: { type: string }, value: { type: u32 } } }
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

let folders = 0
function newFolder(files: Readonly<Record<string, string>>): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

function expectCode(finished: Finished, code: number): Finished {
  assert.equal(finished.code, code, `${finished.stdout}\n${finished.stderr}`)
  return finished
}

const DRAIN = ['run', '.', '--drain', '--in', 'words=in.txt', '--out', 'loud=-']

test('a drain feeds, processes, writes, sums up and leaves nothing temporary', async () => {
  const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': 'one\ntwo\nboom\n' })
  // A place of its own: other processes have theirs in the common one.
  const temporary = newFolder({})
  const common = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  const running = run([...DRAIN, '--ephemeral', '--env', 'MARK=!'], folder)
  if (common === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = common
  const done = expectCode(await running, 0)
  assert.equal(done.stdout, 'ONE!\nTWO!\n')
  assert.match(done.stderr, /^upper: 3 records in, 2 out, 1 failed in .*records\/s\)$/m)
  assert.match(
    done.stderr,
    /1 dead letter in upper\.dead-letter:\n {4}words 0@2, shout\/loudly: .*no booms/
  )
  assert.deepEqual(readdirSync(folder).toSorted(), ['dataflow.yaml', 'in.txt'])
  assert.deepEqual(
    readdirSync(temporary).filter(name => /^millrace-\w{6}$/.test(name)),
    []
  )
})

test('the data stays beside the file, and a second drain is a new run over it', async () => {
  const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': 'a\nb' })
  expectCode(await run(DRAIN, folder), 0)
  assert.equal(statSync(join(folder, '.millrace')).mode & 0o777, 0o700)
  const again = expectCode(await run(DRAIN, folder), 0)
  assert.equal(again.stdout, 'A\nB\nA\nB\n')
  const list = expectCode(await run(['topic', 'list', '-o', 'json'], folder), 0)
  const topics = JSON.parse(list.stdout) as { name: string }[]
  assert.deepEqual(
    topics.map(topic => topic.name),
    ['loud', 'upper.dead-letter', 'words']
  )
})

test('linked dataflows of a folder drain upstream first, over JSON input and output in files', async () => {
  const lines = ['x', 'y', 'x'].map((value, index) =>
    JSON.stringify({ value, timestamp: 10 - index })
  )
  const folder = newFolder({
    'b-upper.yaml': UPPER,
    'a-count.yaml': COUNT,
    'in.jsonl': lines.join('\n')
  })
  const args = [
    'run',
    '.',
    '--ephemeral',
    '--drain',
    '--in',
    'words=in.jsonl',
    '--in-format',
    'json'
  ]
  const outputs = [
    '--out',
    'counts=counts.jsonl',
    '--out-format',
    'json',
    '--show',
    'count.per-word'
  ]
  const done = expectCode(await run([...args, ...outputs], folder), 0)
  const records = readFileSync(join(folder, 'counts.jsonl'), 'utf8').trimEnd().split('\n')
  assert.deepEqual(
    records.map(line => JSON.parse(line) as unknown),
    [
      { key: 'X', value: 1, timestamp: 10, partition: 0, offset: 0 },
      { key: 'Y', value: 1, timestamp: 9, partition: 0, offset: 1 },
      { key: 'X', value: 2, timestamp: 8, partition: 0, offset: 2 }
    ]
  )
  assert.equal(done.stdout, 'count.per-word\nKEY  VALUE\nX        2\nY        1\n')
})

test('an invalid file: every diagnostic at once, exit 2, nothing created', async () => {
  const broken = UPPER.replace('sources:', 'source:').replace(
    'type: string, converter: raw',
    'type: sting'
  )
  const folder = newFolder({ 'dataflow.yaml': broken, 'in.txt': 'a\n' })
  const done = expectCode(await run(DRAIN, folder), 2)
  assert.match(done.stderr, /dataflow\.yaml:4:\d+: error [A-Z_]+: .*sting/)
  assert.match(done.stderr, /dataflow\.yaml:8:\d+: error/)
  assert.match(done.stderr, /Did you mean "sources"\?/)
  assert.match(done.stderr, /^\d+ errors$/m)
  assert.equal(existsSync(join(folder, '.millrace')), false)
})

for (const [name, args, message] of [
  [
    'an unknown topic',
    ['--in', 'wrds=in.txt'],
    /--in: no topic is called "wrds"; did you mean "words"\?/
  ],
  [
    'an unknown output',
    ['--out', 'lowd=-'],
    /--out: no topic is called "lowd"; did you mean "loud"\?/
  ],
  ['a missing input file', ['--in', 'words=gone.txt'], /gone\.txt does not exist/],
  [
    'an output in no folder',
    ['--drain', '--out', 'loud=gone/out.txt'],
    /--out loud=gone\/out\.txt: there is no folder \S+gone; name a file in a folder that exists/
  ],
  ['a folder as output', ['--drain', '--out', 'loud=..'], /--out loud=\.\.: \S+ is a folder/],
  [
    'an unknown state',
    ['--drain', '--show', 'x'],
    /no state is called "x"; no dataflow declares one/
  ],
  [
    'time that is moved on in data that stays',
    ['--drain', '--advance-time', '30d'],
    /--advance-time belongs to --drain and --ephemeral/
  ],
  [
    'time in no unit',
    ['--drain', '--ephemeral', '--advance-time', 'soon'],
    /--advance-time soon: it takes a duration, as in/
  ],
  [
    'time that is moved on without functions',
    ['--drain', '--ephemeral', '--advance-time', '1h'],
    /--advance-time belongs to functions, and there is no module file/
  ],
  ['an unknown option', ['--drian'], /unknown option '--drian'\n\(Did you mean --drain\?\)/],
  [
    'a number of workers that is none',
    ['--workers', 'two'],
    /'two' is invalid.*whole number from 0 to 64/
  ]
] as const) {
  test(`${name} is told, exit 2, nothing created`, async () => {
    const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': 'a\n' })
    const done = expectCode(await run(['run', '.', ...args], folder), 2)
    assert.match(done.stderr, message)
    assert.equal(existsSync(join(folder, '.millrace')), false)
  })
}

test('a file is not fed twice by runs that go on; what was appended is; each stops cleanly', async t => {
  const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': 'one\n' })
  const args = ['run', '.', '--in', 'words=in.txt', '--out', 'loud=-']
  const first = await untilOutput(t, args, folder, 'ONE\n', 'SIGINT')
  assert.match(first.stderr, /^test\/upper@0\.1\.0 {2}dataflow\.yaml, 1 service, 1 task$/m)
  assert.match(first.stderr, /^ready in \d+(\.\d+)? m?s; Ctrl-C stops$/m)
  writeFileSync(join(folder, 'in.txt'), 'one\ntwo\n')
  const second = await untilOutput(t, args, folder, 'ONE\nTWO\n', 'SIGTERM')
  assert.match(second.stderr, /^in\.txt: 1 line were fed|^in\.txt: 1 line was fed/m)
})

/** Runs until stdout holds `text`, then stops it with a signal; it must end with 0. */
async function untilOutput(
  t: TestContext,
  args: string[],
  folder: string,
  text: string,
  signal: NodeJS.Signals
): Promise<Finished> {
  const child = launch(t, args, folder)
  let stdout = ''
  child.stdout?.on('data', chunk => {
    stdout += String(chunk)
    if (stdout === text) child.kill(signal)
  })
  const done = expectCode(await finished(child), 0)
  assert.equal(done.stdout, text)
  return done
}

/** Starts millrace; a test that fails takes it along. */
function launch(t: TestContext, args: readonly string[], folder: string): ChildProcess {
  const child = start(args, folder)
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** Resolves with the first output of `child`; rejects when it ends without any. */
function firstOutput(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve)
    child.once('exit', code => reject(new Error(`ended with ${code} and no output`)))
  })
}

test('a second process on the data directory gets one sentence and exit 2', async t => {
  const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': 'a\n' })
  const child = launch(t, ['run', '.', '--in', 'words=in.txt', '--out', 'loud=-'], folder)
  await firstOutput(child)
  const second = expectCode(await run(DRAIN, folder), 2)
  assert.equal(second.stderr.trimEnd().split('\n').length, 1)
  assert.match(second.stderr, /^millrace: .*\.millrace/)
  const list = expectCode(await run(['topic', 'list'], folder), 2)
  assert.match(list.stderr, /^millrace: /)
  child.kill('SIGTERM')
  expectCode(await finished(child), 0)
})

test('a dataflow that fails ends the run with 1 and its reason', async () => {
  const failing = UPPER.replace('services:', 'errors: { policy: fail }\nservices:')
  const folder = newFolder({ 'dataflow.yaml': failing, 'in.txt': 'a\nboom\n' })
  const done = expectCode(await run([...DRAIN, '--ephemeral'], folder), 1)
  assert.match(done.stderr, /^millrace: .*no booms/m)
  const alive = expectCode(
    await run(['run', '.', '--ephemeral', '--in', 'words=in.txt'], folder),
    1
  )
  assert.match(alive.stderr, /^millrace: .*no booms/m)
})

test('workers and partitions: keys keep their order, nothing is missing', async () => {
  const lines = Array.from({ length: 400 }, (_, index) => `k${index % 7}|${index}`)
  const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': lines.join('\r\n') })
  const args = [
    ...DRAIN,
    '--ephemeral',
    '--key-separator',
    '|',
    '--workers',
    '2',
    '--out-format',
    'json'
  ]
  const done = expectCode(await run(args, folder), 0)
  const records = done.stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { key: string; value: string; partition: number })
  assert.equal(records.length, 400)
  assert.deepEqual([...new Set(records.map(record => record.partition))], [0, 1])
  for (let key = 0; key < 7; key++) {
    const values = records
      .filter(record => record.key === `k${key}`)
      .map(record => Number(record.value))
    assert.deepEqual(
      values,
      Array.from({ length: values.length }, (_, index) => key + index * 7)
    )
  }
})

test('a reader of stdout that goes away ends a run cleanly', async t => {
  const folder = newFolder({ 'dataflow.yaml': UPPER })
  const child = launch(t, ['run', '.', '--ephemeral', '--in', 'words=-', '--out', 'loud=-'], folder)
  child.stdin?.on('error', () => {})
  child.stdin?.write('one\n')
  await firstOutput(child)
  child.stdout?.destroy()
  // Written until the run notices; it ends by itself, without a signal.
  const ended = new Promise<[number | null, NodeJS.Signals | null]>(resolve =>
    child.on('exit', (code, signal) => resolve([code, signal]))
  )
  child.stdin?.write('two\n')
  assert.deepEqual(await ended, [0, null])
})

test('a drain that is interrupted says so, ends with 1, and the next one goes on', async t => {
  const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': 'two\n' })
  const child = launch(t, ['run', '.', '--drain', '--in', 'words=-', '-v'], folder)
  child.stdin?.write('one\nboom\n')
  // The warning about the second record tells that the first one is processed.
  child.stderr?.on('data', text => String(text).includes('no booms') && child.kill('SIGINT'))
  const done = expectCode(await finishedOpen(child), 1)
  assert.match(done.stderr, /^Stopped before everything was processed/m)
  const next = expectCode(await run(DRAIN, folder), 0)
  assert.equal(next.stdout, 'ONE\nTWO\n')
})

/** As `finished`, with the input left open. */
function finishedOpen(child: ChildProcess): Promise<Finished> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', text => (stdout += String(text)))
  child.stderr?.on('data', text => (stderr += String(text)))
  return new Promise(resolve =>
    child.on('exit', (code, signal) => resolve({ code, signal, stdout, stderr }))
  )
}

test('a damaged log is named with file, byte and checksums, and the command that repairs it', async () => {
  const folder = newFolder({ 'dataflow.yaml': UPPER, 'in.txt': 'one\ntwo\n' })
  expectCode(await run(DRAIN, folder), 0)
  const healthy = expectCode(await run(['log', 'verify'], folder), 0)
  assert.match(healthy.stderr, /^OK: 1 file, .*every byte is as it was written$/m)
  const journal = join(folder, '.millrace', 'journal')
  const file = join(
    journal,
    readdirSync(journal).find(name => name.endsWith('.journal'))!
  )
  const bytes = readFileSync(file)
  const at = bytes.indexOf('ONE')
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
  const done = expectCode(await run(DRAIN, folder), 1)
  assert.match(
    done.stderr,
    /\.journal is damaged at byte \d+: .*checksum.*0x[0-9a-f]+.*0x[0-9a-f]+/
  )
  assert.ok(done.stderr.includes(`millrace log repair --data-dir ${join(folder, '.millrace')}`))
  const verified = expectCode(await run(['log', 'verify', '-o', 'json'], folder), 1)
  const { problems } = JSON.parse(verified.stdout) as {
    problems: { file: string; topic: string | null }[]
  }
  assert.equal(problems[0]?.file, file)
  const asked = expectCode(await run(['log', 'repair'], folder), 2)
  assert.match(asked.stderr, /give --yes if it is meant/)
  const repaired = expectCode(await run(['log', 'repair', '--yes'], folder), 0)
  assert.match(repaired.stderr, /^repaired .*\.journal; the damaged one is kept as /m)
  assert.match(repaired.stdout, /^loud +0 +0 +1 +2$/m)
  expectCode(await run(['log', 'verify'], folder), 0)
  const again = expectCode(await run(DRAIN, folder), 0)
  assert.match(again.stdout, /ONE\nTWO\n$/)
})
