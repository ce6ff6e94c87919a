// What every disk does while nothing fails: one suite that all implementations of Disk pass.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, suite, test } from 'node:test'

import { isMillraceError, type Disk, type DiskFile } from '../src/base/index.ts'

/** An empty disk for one test, and how to get rid of it. */
export interface DiskFixture {
  readonly disk: Disk
  readonly dispose: () => Promise<void>
}

/** Declares the suite for one implementation; `make` is called once per test. */
export function diskSuite(name: string, make: () => Promise<DiskFixture>): void {
  suite(name, () => {
    let fixture: DiskFixture
    beforeEach(async () => {
      fixture = await make()
    })
    afterEach(() => fixture.dispose())
    const with_ = (sentence: string, body: (disk: Disk) => Promise<void>): void => {
      test(sentence, () => body(fixture.disk))
    }
    declareFiles(with_)
    declareHandles(with_)
    declareNames(with_)
    declareDirectories(with_)
    declareReplacement(with_)
    declareLocks(with_)
  })
}

type Declare = (sentence: string, body: (disk: Disk) => Promise<void>) => void

const READ = { write: false, create: false }
const WRITE = { write: true, create: false }
const CREATE = { write: true, create: true }

function declareFiles(test: Declare): void {
  test('writes parts one behind the other and reads them back', async disk => {
    const file = await disk.open('a', CREATE)
    await file.write([bytes('mill'), bytes(''), bytes('race')], 0)
    assert.equal(await readText(file, 0, 8), 'millrace')
    assert.equal(await readText(file, 4, 4), 'race')
    await file.close()
    assert.equal(text(await disk.readFile('a')), 'millrace')
  })

  test('writes more parts than one system call takes', async disk => {
    const parts = Array.from({ length: 3000 }, (_, index) => Uint8Array.of(index, index >> 8))
    const file = await disk.open('a', CREATE)
    await file.write(parts, 1)
    const found = await disk.readFile('a')
    assert.equal(found.length, 6001)
    for (const [index, part] of parts.entries()) {
      assert.deepEqual([...found.subarray(1 + 2 * index, 3 + 2 * index)], [...part])
    }
    await file.close()
  })

  test('writes durably what it reads back', async disk => {
    const file = await disk.open('a', CREATE)
    await file.write([bytes('ab')], 0)
    await file.writeDurable([bytes('cd'), bytes(''), bytes('e')], 2)
    const parts = Array.from({ length: 1500 }, () => bytes('x'))
    await file.writeDurable(parts, 5)
    await file.writeDurable([], 0)
    await file.writeDurable([bytes('B')], 1)
    await file.close()
    assert.equal(text(await disk.readFile('a')), `aBcde${'x'.repeat(1500)}`)
    await fails('DISK_FAILED', 'a', () => file.writeDurable([bytes('x')], 0))
  })

  test('overwrites in the middle', async disk => {
    const file = await disk.open('a', CREATE)
    await file.write([bytes('aaaaaa')], 0)
    await file.write([bytes('bb')], 2)
    await file.sync()
    assert.equal(await readText(file, 0, 6), 'aabbaa')
    await file.close()
  })

  test('reads fewer bytes at the end and none behind it', async disk => {
    const file = await disk.open('a', CREATE)
    await file.write([bytes('abc')], 0)
    const into = new Uint8Array(8).fill(7)
    assert.equal(await file.read(into, 1), 2)
    assert.deepEqual([...into], [98, 99, 7, 7, 7, 7, 7, 7])
    assert.equal(await file.read(into, 3), 0)
    assert.equal(await file.read(into, 100), 0)
    await file.close()
  })

  test('fills a gap with zeros', async disk => {
    const file = await disk.open('a', CREATE)
    await file.write([bytes('z')], 3)
    assert.deepEqual([...(await disk.readFile('a'))], [0, 0, 0, 122])
    await file.close()
  })

  test('cuts a file, and extends it with zeros', async disk => {
    const file = await disk.open('a', CREATE)
    await file.write([bytes('abcdef')], 0)
    await file.truncate(2)
    assert.equal(await file.size(), 2)
    await file.truncate(4)
    assert.equal(await file.size(), 4)
    assert.deepEqual([...(await disk.readFile('a'))], [97, 98, 0, 0])
    await file.close()
  })

  test('writes nothing for no bytes', async disk => {
    const file = await disk.open('a', CREATE)
    await file.write([], 10)
    await file.write([bytes('')], 10)
    assert.equal(await file.size(), 0)
    await file.close()
  })
}

function declareHandles(test: Declare): void {
  test('opens an existing file as it is', async disk => {
    await put(disk, 'a', 'abc')
    const file = await disk.open('a', CREATE)
    assert.equal(await file.size(), 3)
    await file.close()
  })

  test('does not create without being asked', async disk => {
    await fails('DISK_NOT_FOUND', 'missing', () => disk.open('missing', WRITE))
    await fails('DISK_NOT_FOUND', 'missing', () => disk.open('missing', READ))
    assert.equal(await disk.exists('missing'), false)
  })

  test('refuses to write through a handle for reading', async disk => {
    await put(disk, 'a', 'abc')
    const file = await disk.open('a', READ)
    await fails('DISK_FAILED', 'a', () => file.write([bytes('x')], 0))
    await fails('DISK_FAILED', 'a', () => file.writeDurable([bytes('x')], 0))
    await file.close()
    assert.equal(text(await disk.readFile('a')), 'abc')
  })

  test('refuses to open a directory', async disk => {
    await disk.createDirectory('d')
    await fails('DISK_FAILED', 'd', () => disk.open('d', READ))
    await fails('DISK_FAILED', 'd', () => disk.open('d', WRITE))
    await fails('DISK_FAILED', 'd', () => disk.readFile('d'))
  })

  test('closes twice, and refuses every call afterwards', async disk => {
    const file = await disk.open('a', CREATE)
    await file.close()
    await file.close()
    await fails('DISK_FAILED', 'a', () => file.write([bytes('x')], 0))
    await fails('DISK_FAILED', 'a', () => file.read(new Uint8Array(1), 0))
    await fails('DISK_FAILED', 'a', () => file.sync())
    await fails('DISK_FAILED', 'a', () => file.truncate(0))
    await fails('DISK_FAILED', 'a', () => file.size())
  })

  test('keeps a handle on its file when the name moves or goes', async disk => {
    await put(disk, 'a', 'first')
    const file = await disk.open('a', WRITE)
    await disk.rename('a', 'b')
    await put(disk, 'a', 'second')
    await file.write([bytes('FIRST')], 0)
    assert.equal(text(await disk.readFile('b')), 'FIRST')
    await disk.remove('b')
    assert.equal(await readText(file, 0, 5), 'FIRST')
    await file.close()
    assert.equal(text(await disk.readFile('a')), 'second')
  })
}

function declareNames(test: Declare): void {
  test('tells which paths exist', async disk => {
    await disk.createDirectory('d')
    await put(disk, 'd/a', '')
    assert.equal(await disk.exists('d'), true)
    assert.equal(await disk.exists('d/a'), true)
    assert.equal(await disk.exists('d/b'), false)
    assert.equal(await disk.exists('d/a/b'), false)
  })

  test('renames over an existing file', async disk => {
    await put(disk, 'a', 'new')
    await put(disk, 'b', 'old')
    await disk.rename('a', 'b')
    assert.equal(text(await disk.readFile('b')), 'new')
    assert.equal(await disk.exists('a'), false)
  })

  test('renames a file to itself', async disk => {
    await put(disk, 'a', 'same')
    await disk.rename('a', 'a')
    assert.equal(text(await disk.readFile('a')), 'same')
  })

  test('renames between directories', async disk => {
    await disk.createDirectory('from')
    await disk.createDirectory('to')
    await put(disk, 'from/a', 'moved')
    await disk.rename('from/a', 'to/b')
    assert.equal(text(await disk.readFile('to/b')), 'moved')
    assert.deepEqual(await disk.list('from'), [])
  })

  test('renames a directory with what is in it', async disk => {
    await disk.createDirectory('d/e')
    await put(disk, 'd/a', 'moved')
    await disk.rename('d', 'f')
    assert.equal(await disk.exists('d'), false)
    assert.equal(text(await disk.readFile('f/a')), 'moved')
    await disk.rename('f', 'd')
    assert.equal(await disk.exists('d/e'), true)
  })

  test('refuses to rename what is missing or onto a directory', async disk => {
    await disk.createDirectory('d')
    await put(disk, 'a', '')
    await fails('DISK_NOT_FOUND', 'missing', () => disk.rename('missing', 'b'))
    await fails('DISK_NOT_FOUND', 'a', () => disk.rename('a', 'missing/b'))
    await fails('DISK_FAILED', 'a', () => disk.rename('a', 'd'))
  })

  test('removes a file, and only a file that exists', async disk => {
    await put(disk, 'a', '')
    await disk.createDirectory('d')
    await disk.remove('a')
    assert.equal(await disk.exists('a'), false)
    await fails('DISK_NOT_FOUND', 'a', () => disk.remove('a'))
    await fails('DISK_FAILED', 'd', () => disk.remove('d'))
  })

  test('reads only a file that exists', async disk => {
    await fails('DISK_NOT_FOUND', 'missing', () => disk.readFile('missing'))
  })

  test('takes a leading and a doubled slash as the same path', async disk => {
    await disk.createDirectory('d')
    await put(disk, 'd//a', 'x')
    assert.equal(text(await disk.readFile('./d/../d/a')), 'x')
  })
}

function declareDirectories(test: Declare): void {
  test('creates a directory with its parents, twice', async disk => {
    await disk.createDirectory('a/b/c')
    await put(disk, 'a/b/c/x', '1')
    await disk.createDirectory('a/b/c')
    assert.equal(text(await disk.readFile('a/b/c/x')), '1')
  })

  test('refuses a directory where a file is', async disk => {
    await put(disk, 'a', '')
    await fails('DISK_FAILED', 'a', () => disk.createDirectory('a'))
  })

  test('lists files and directories, one level deep', async disk => {
    await disk.createDirectory('d/e')
    await put(disk, 'd/a', '')
    await put(disk, 'd/e/deep', '')
    const entries = (await disk.list('d')).toSorted((one, other) =>
      one.name < other.name ? -1 : 1
    )
    assert.deepEqual(entries, [
      { name: 'a', kind: 'file' },
      { name: 'e', kind: 'directory' }
    ])
    await fails('DISK_NOT_FOUND', 'missing', () => disk.list('missing'))
    await fails('DISK_FAILED', 'd/a', () => disk.list('d/a'))
  })

  test('removes a directory with everything in it', async disk => {
    await disk.createDirectory('d/e/f')
    await put(disk, 'd/a', '')
    await put(disk, 'd/e/f/b', '')
    await disk.removeDirectory('d')
    assert.equal(await disk.exists('d'), false)
    await fails('DISK_NOT_FOUND', 'd', () => disk.removeDirectory('d'))
  })

  test('refuses to remove a file as a directory', async disk => {
    await put(disk, 'a', 'kept')
    await fails('DISK_FAILED', 'a', () => disk.removeDirectory('a'))
    assert.equal(text(await disk.readFile('a')), 'kept')
  })

  test('syncs a directory that exists', async disk => {
    await disk.createDirectory('d')
    await put(disk, 'd/a', '')
    await disk.syncDirectory('d')
    await fails('DISK_NOT_FOUND', 'missing', () => disk.syncDirectory('missing'))
  })
}

function declareReplacement(test: Declare): void {
  test('replaces a file as a whole and leaves nothing beside it', async disk => {
    await disk.createDirectory('d')
    await disk.replaceFile('d/a', bytes('a long first text'))
    await disk.replaceFile('d/a', bytes('second'))
    assert.equal(text(await disk.readFile('d/a')), 'second')
    assert.deepEqual(await disk.list('d'), [{ name: 'a', kind: 'file' }])
  })

  test('replaces over what an interrupted replacement left', async disk => {
    await put(disk, 'a', 'old')
    await put(disk, 'a.new', 'a long rest of an earlier attempt')
    await disk.replaceFile('a', bytes('new'))
    assert.equal(text(await disk.readFile('a')), 'new')
    assert.equal(await disk.exists('a.new'), false)
  })

  test('lets replacements of one file run one after the other', async disk => {
    const versions = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(5000 - 400 * index))
    await Promise.all(versions.map(version => disk.replaceFile('a', bytes(version))))
    assert.equal(text(await disk.readFile('a')), versions.at(-1))
  })

  test('fails in a directory that is missing', async disk => {
    await fails('DISK_NOT_FOUND', 'missing/a.new', () => disk.replaceFile('missing/a', bytes('x')))
  })
}

function declareLocks(test: Declare): void {
  test('gives a lock to one holder at a time', async disk => {
    const lock = await disk.lock('lock')
    const error = await fails('DISK_LOCKED', 'lock', () => disk.lock('lock'))
    assert.equal(error.details['pid'], process.pid)
    assert.match(
      error.message,
      new RegExp(`in use by process ${process.pid}, .*: stop it .* or use`)
    )
    await lock.release()
    const again = await disk.lock('lock')
    await again.release()
  })

  test('releases a lock twice without touching the next holder', async disk => {
    const first = await disk.lock('lock')
    await first.release()
    const second = await disk.lock('lock')
    await first.release()
    await fails('DISK_LOCKED', 'lock', () => disk.lock('lock'))
    await second.release()
  })

  test('gives a lock to exactly one of many that ask at once', async disk => {
    const asked = Array.from({ length: 20 }, () => disk.lock('lock'))
    const settled = await Promise.allSettled(asked)
    assert.equal(settled.filter(result => result.status === 'fulfilled').length, 1)
    for (const result of settled) {
      if (result.status === 'rejected') assert.ok(isMillraceError(result.reason, 'DISK_LOCKED'))
      else await result.value.release()
    }
  })

  test('keeps locks of different paths apart', async disk => {
    const one = await disk.lock('one')
    const other = await disk.lock('other')
    await one.release()
    await other.release()
    assert.deepEqual(await disk.list('.'), [])
  })

  test('needs the directory of a lock', async disk => {
    await fails('DISK_NOT_FOUND', 'missing/lock', () => disk.lock('missing/lock'))
  })
}

async function put(disk: Disk, path: string, content: string): Promise<void> {
  const file = await disk.open(path, CREATE)
  await file.write([bytes(content)], 0)
  await file.close()
}

/** Checks code and path of the error, and that its message has its three parts. */
async function fails(
  code: string,
  path: string,
  run: () => Promise<unknown>
): Promise<{
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}> {
  try {
    await run()
  } catch (error) {
    assert.ok(isMillraceError(error), String(error))
    assert.equal(error.code, code, error.message)
    assert.ok(String(error.details['path']).endsWith(`/${path}`), `${error.details['path']}`)
    assert.ok(error.message.includes(`${error.details['path']}`), error.message)
    if (code !== 'DISK_LOCKED') assert.match(error.message, /failed: .+; .*expected.*; .+/)
    return error
  }
  return assert.fail(`expected ${code} for ${path}`)
}

async function readText(file: DiskFile, position: number, length: number): Promise<string> {
  const into = new Uint8Array(length)
  assert.equal(await file.read(into, position), length)
  return text(into)
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

function text(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}
