// A volume that is mounted read-only: what cannot be done is said in words that lead to a way out.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { COMMAND, finished, run, type Finished } from './command.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-read-only-'))
after(() => rmSync(root, { recursive: true }))
const volume = join(root, 'volume')
mkdirSync(volume)

const MOUNT = `mount -t tmpfs -o ro tmpfs '${volume}'`
const tried = spawnSync('unshare', ['-rm', 'sh', '-c', MOUNT])
const skip = tried.status === 0 ? false : 'this user may not mount (unshare -rm of util-linux)'

test('a data directory that cannot be made there names the volume', { skip }, async () => {
  writeFileSync(
    join(root, 'dataflow.yaml'),
    `apiVersion: 1.0.0
meta: { name: flow, version: 0.1.0, namespace: example }
topics:
  lines: { schema: { value: { type: string } } }
  copies: { schema: { value: { type: string } } }
services:
  copy:
    sources: [{ type: topic, id: lines }]
    sinks: [{ type: topic, id: copies }]
`
  )
  for (const path of ['volume/data', 'volume/a/b/c']) {
    const { code, stderr } = await mounted(MOUNT, ['run', 'dataflow.yaml', '--data-dir', path])
    assert.equal(code, 1, stderr)
    assert.match(
      stderr,
      /failed: EROFS \(read-only file system\); .*mount it writable or use another directory\n$/
    )
    assert.doesNotMatch(stderr, /ENOENT/)
  }
})

test(
  'topics are listed and the log verified there, and nothing else is tried',
  { skip },
  async () => {
    writeFileSync(join(root, 'lines.txt'), 'one\ntwo\nthree\n')
    const args = [
      'run',
      'dataflow.yaml',
      '--drain',
      '--data-dir',
      'data',
      '--in',
      'lines=lines.txt'
    ]
    assert.equal((await run(args, root)).code, 0)
    // What a crash leaves behind the last commit is cut by who opens the log: here only in memory.
    const journal = join(root, 'data/journal/0000000001.journal')
    appendFileSync(journal, 'torn')
    const before = readFileSync(journal)
    const bind = `mount --bind '${join(root, 'data')}' '${volume}' && mount -o remount,ro,bind '${volume}'`
    const list = await mounted(bind, ['topic', 'list', '--data-dir', 'volume'])
    assert.equal(list.code, 0, list.stderr)
    assert.match(list.stdout, /^copies +1 +3 /m)
    assert.match(list.stderr, /volume is on a read-only volume, so it is read without its lock; /)
    const describe = await mounted(bind, ['topic', 'describe', 'lines', '--data-dir', 'volume'])
    assert.match(describe.stdout, /lines/)
    const verify = await mounted(bind, ['log', 'verify', '--data-dir', 'volume'])
    assert.equal(verify.code, 0, verify.stderr)
    assert.match(verify.stderr, /4 bytes of a commit that a crash interrupted.*\nOK: /s)
    const gone = await mounted(bind, ['topic', 'delete', 'lines', '--yes', '--data-dir', 'volume'])
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /EROFS \(read-only file system\)/)
    assert.deepEqual(readFileSync(journal), before)
  }
)

/** Runs `millrace` where `mount` is done, which ends with it. */
function mounted(mount: string, args: readonly string[]): Promise<Finished> {
  const line = `${mount} && exec "$0" "$@"`
  const words = ['-rm', 'sh', '-c', line, process.execPath, COMMAND, ...args]
  const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' }
  return finished(spawn('unshare', words, { cwd: root, env }))
}
