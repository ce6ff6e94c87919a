// Locks of the machine's disk between real processes that are killed, waited for and replaced.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, test } from 'node:test'

import { SystemDisk } from './system.ts'
import { isMillraceError } from '../errors.ts'

// Takes and releases the lock as standard input tells it; answers with one line per command.
const PROGRAM = `
  import { createInterface } from 'node:readline'
  import { SystemDisk } from ${JSON.stringify(new URL('system.ts', import.meta.url).href)}
  const disk = new SystemDisk(process.argv[1])
  let lock = null
  console.log('ready ' + process.pid)
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      if (line === 'lock') lock = await disk.lock('lock')
      else { await lock?.release(); lock = null }
      console.log('done')
    } catch (error) {
      console.log(error.code ?? error.stack)
    }
  }
`

/** A child that obeys the commands `lock` and `release`. */
interface Holder {
  readonly child: ChildProcess
  readonly pid: number
  readonly ask: (command: string) => Promise<string>
}

let root = ''
let disk: SystemDisk
const children: ChildProcess[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-lock-'))
  disk = new SystemDisk(root)
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(root, { recursive: true, force: true })
})

test('refuses a lock that another process holds, and names it', async () => {
  const holder = await startHolder()
  assert.equal(await holder.ask('lock'), 'done')
  await assert.rejects(disk.lock('lock'), error => {
    assert.ok(isMillraceError(error, 'DISK_LOCKED'))
    assert.equal(error.details['pid'], holder.pid)
    assert.equal(
      error.message,
      `The directory ${root} is in use by process ${holder.pid}, which holds its lock ` +
        `${root}/lock: stop it (kill ${holder.pid}) or use another directory`
    )
    return true
  })
  assert.equal(await holder.ask('release'), 'done')
  await (await disk.lock('lock')).release()
  assert.deepEqual(await readdir(root), [])
})

test('takes a lock over from a process that was killed', async () => {
  const holder = await startHolder()
  assert.equal(await holder.ask('lock'), 'done')
  holder.child.kill('SIGKILL')
  await once(holder.child, 'exit')
  await (await disk.lock('lock')).release()
  assert.deepEqual(await readdir(root), [])
})

test('takes a lock over from a killed process that nobody waited for', async () => {
  // The shell becomes `sleep`, which never reaps its child: a zombie keeps the pid.
  const holder = await startHolder(['sh', '-c', '"$@" <&3 & exec sleep 60', 'sh'])
  assert.equal(await holder.ask('lock'), 'done')
  process.kill(holder.pid, 'SIGKILL')
  if (process.platform === 'linux') {
    while (!/\) Z /.test(await readFile(`/proc/${holder.pid}/stat`, 'utf8')));
  }
  await (await disk.lock('lock')).release()
})

test('takes a lock over when its pid now belongs to another process', async () => {
  const lock = await disk.lock('lock')
  const held = JSON.parse(await readFile(`${root}/lock`, 'utf8')) as Record<string, unknown>
  await lock.release()
  for (const stale of [
    { ...held, startTicks: '1', token: 'a' },
    { ...held, boot: 'an earlier start of the machine', token: 'b' }
  ]) {
    await writeFile(`${root}/lock`, JSON.stringify(stale))
    await (await disk.lock('lock')).release()
  }
  // The same holder as it was is alive: this process.
  await writeFile(`${root}/lock`, JSON.stringify(held))
  await assert.rejects(disk.lock('lock'), error => isMillraceError(error, 'DISK_LOCKED'))
})

test('takes a lock over that a power failure left empty or cut', async () => {
  for (const rest of ['', '{"pid":1', 'null', '[]']) {
    await writeFile(`${root}/lock`, rest)
    await writeFile(`${root}/lock.takeover`, rest)
    await (await disk.lock('lock')).release()
  }
  assert.deepEqual(await readdir(root), [])
})

test('gives a stale lock to exactly one of several processes', async () => {
  const holders = await Promise.all([startHolder(), startHolder(), startHolder()])
  for (let round = 0; round < 20; round++) {
    await writeFile(`${root}/lock`, JSON.stringify({ pid: 1, boot: 'earlier', token: `${round}` }))
    if (round % 2 === 0) await writeFile(`${root}/lock.takeover`, '')
    const answers = await Promise.all(holders.map(holder => holder.ask('lock')))
    assert.deepEqual(
      answers.toSorted(),
      ['DISK_LOCKED', 'DISK_LOCKED', 'done'],
      `round ${round}: ${answers.join(', ')}`
    )
    await Promise.all(holders.map(holder => holder.ask('release')))
    assert.deepEqual(await readdir(root), [])
  }
})

test('keeps directories and files to their owner', async () => {
  const before = process.umask(0o000)
  try {
    await disk.createDirectory('d/e')
    await (await disk.open('d/a', { write: true, create: true })).close()
    await disk.replaceFile('d/b', new Uint8Array(1))
    const lock = await disk.lock('d/lock')
    for (const [path, mode] of Object.entries({
      d: 0o700,
      'd/e': 0o700,
      'd/a': 0o600,
      'd/b': 0o600,
      'd/lock': 0o600
    })) {
      assert.equal((await stat(join(root, path))).mode & 0o777, mode, path)
    }
    await lock.release()
  } finally {
    process.umask(before)
  }
})

async function startHolder(prefix: readonly string[] = []): Promise<Holder> {
  const program = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM]
  const [command, ...rest] = [...prefix, process.execPath, ...program, root]
  // Descriptor 3 is the same pipe for programs that a shell starts in the background.
  const child = spawn(command as string, rest, { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] })
  children.push(child)
  const input = (prefix.length > 0 ? child.stdio[3] : child.stdin) as NodeJS.WritableStream
  assert.ok(child.stdout)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<string> => (await lines.next()).value ?? 'ended'
  const pid = Number((await answer()).split(' ')[1])
  const ask = (command: string): Promise<string> => {
    input.write(`${command}\n`)
    return answer()
  }
  return { child, pid, ask }
}
