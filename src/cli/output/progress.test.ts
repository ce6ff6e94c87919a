// The progress line on a real terminal: `script` of util-linux gives the command a pseudo terminal.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { COMMAND, run } from '../../../test/command.ts'
import type { TopicObject } from '../../client/index.ts'

/** Each takes the function 20 ms; a file of them is processed before the next is fed, so a feed takes its time. */
const SLOW = 60
const LINES = 200_000
const FILES: readonly (readonly string[])[] = [slow('a'), lines('b'), slow('c'), lines('d')]
const FED = FILES.flat()

const root = mkdtempSync(join(tmpdir(), 'millrace-progress-'))
after(() => rmSync(root, { recursive: true }))
writeFileSync(
  join(root, 'dataflow.yaml'),
  `apiVersion: 1.0.0
meta: { name: slow, version: 0.1.0, namespace: example }
topics:
  lines: { schema: { value: { type: string, converter: raw } } }
  done: { schema: { value: { type: string, converter: raw } } }
services:
  copy:
    sources: [{ type: topic, id: lines }]
    transforms:
      - operator: map
        run: |
          function wait(line: string): string {
            const end = line.startsWith('slow') ? Date.now() + 20 : 0
            while (Date.now() < end);
            return line
          }
    sinks: [{ type: topic, id: done }]
`
)
for (const [index, file] of FILES.entries()) {
  writeFileSync(join(root, `${index}.txt`), `${file.join('\n')}\n`)
}
const INPUTS = FILES.flatMap((_, index) => ['--in', `lines=${index}.txt`])
const RUN = ['run', 'dataflow.yaml', ...INPUTS]

const version = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? ''
const skip = version.includes('util-linux') ? false : 'script of util-linux is not installed'

test('a long feed draws its progress over itself and takes it away', { skip }, async t => {
  const drain = [...RUN, '--drain', '--data-dir', 'whole']
  const terminal = openTerminal(t, `${drain.join(' ')} --out done=whole.txt`)
  assert.equal(await terminal.ended, 0, terminal.text)
  const drawn = terminal.text.match(/\r.\[Kfeeding {2}[\d.]+ % of [\d.]+ MB {2}[\d,]+ records/g)
  assert.ok(drawn !== null && drawn.length > 0, terminal.text)
  const screen = screenOf(terminal.text)
  assert.equal(screen.length, 1, screen.join('\n'))
  assert.match(screen[0] ?? '', /^slow: [\d,]+ records in, [\d,]+ out, 0 failed in /)
  assert.deepEqual(readFileSync(join(root, 'whole.txt'), 'utf8').trimEnd().split('\n'), FED)
})

test('Ctrl-C in the middle ends cleanly, and the same command goes on', { skip }, async t => {
  const terminal = openTerminal(t, `${RUN.join(' ')} --data-dir stopped`)
  await terminal.shows(/feeding {2}[\d.]+ % of .*\r\n.*millrace> /)
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 0, terminal.text)
  const screen = screenOf(terminal.text).join('\n')
  assert.match(screen, /ready in .*; help lists the commands, exit stops\n/)
  assert.doesNotMatch(screen, /rror|kill/)
  const looked = await run(['topic', 'list', '--data-dir', 'stopped', '-o', 'json'], root)
  const topics = JSON.parse(looked.stdout) as TopicObject[]
  const before = topics.find(topic => topic.name === 'lines')?.status.records
  assert.ok(before !== undefined && before > 0 && before < FED.length, `stopped after ${before}`)
  const outputs = ['--drain', '--data-dir', 'stopped', '--out', 'done=stopped.txt']
  const last = await run([...RUN, ...outputs], root)
  assert.equal(last.code, 0, last.stderr)
  assert.match(last.stderr, /[\d,]+ lines were fed into lines before; going on behind them/)
  assert.deepEqual(readFileSync(join(root, 'stopped.txt'), 'utf8').trimEnd().split('\n'), FED)
})

function slow(name: string): readonly string[] {
  return Array.from({ length: SLOW }, (_, index) => `slow ${name} ${index}`)
}

function lines(name: string): readonly string[] {
  return Array.from({ length: LINES }, (_, index) => `${name}${index}`)
}

interface Terminal {
  /** Everything written so far, with what moves the cursor. */
  readonly text: string
  /** The exit code. */
  readonly ended: Promise<number | null>
  /** Resolves when `pattern` was written; rejects when the command ends before. */
  shows(pattern: RegExp): Promise<void>
  type(keys: string): void
}

/** Runs `millrace` with `words` on a terminal of its own. */
function openTerminal(t: TestContext, words: string): Terminal {
  const line = `exec "${process.execPath}" "${COMMAND}" ${words}`
  const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', TERM: 'xterm', SHELL: '/bin/sh' }
  const child: ChildProcess = spawn('script', ['-qefc', line, '/dev/null'], { cwd: root, env })
  t.after(() => child.kill())
  let text = ''
  let look: (() => void) | null = null
  child.stdout?.setEncoding('utf8').on('data', part => {
    text += part
    look?.()
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const shows = (pattern: RegExp): Promise<void> => {
    const seen = new Promise<void>(resolve => {
      look = () => {
        if (pattern.test(text)) resolve()
      }
      look()
    })
    const early = ended.then(code => assert.fail(`ended with ${code} before ${pattern}: ${text}`))
    return Promise.race([seen, early])
  }
  return {
    get text() {
      return text
    },
    ended,
    shows,
    type: keys => void child.stdin?.write(keys)
  }
}

/** The rows that are left on the terminal, as far as lines that are drawn over themselves need it. */
function screenOf(text: string): readonly string[] {
  const rows = ['']
  let column = 0
  // oxlint-disable-next-line no-control-regex -- it is what a terminal reads
  for (const [part] of text.matchAll(/\u001b\[\d*[A-Za-z]|[\r\n]|[^\r\n\u001b]+/g)) {
    const row = rows.at(-1) ?? ''
    if (part === '\r') column = 0
    else if (part === '\n') rows.push('')
    else if (part === '\u001b[K') rows[rows.length - 1] = row.slice(0, column)
    else if (part.startsWith('\u001b')) continue
    else {
      rows[rows.length - 1] = row.slice(0, column) + part + row.slice(column + part.length)
      column += part.length
    }
  }
  return rows.filter(row => row !== '')
}
