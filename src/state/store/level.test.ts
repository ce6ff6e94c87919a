// The LevelDB store: the suite of all stores, and damage that it must notice.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { ClassicLevel } from 'classic-level'

import { stateStoreSuite } from '../../../conformance/state-store.ts'
import { isMillraceError } from '../../base/index.ts'
import type { StateStore } from '../contract.ts'
import { META_KIND, metaKey } from '../key-space.ts'
import { openLevelStore } from './level.ts'

stateStoreSuite(
  'LevelStore',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-level-'))
    const opened: StateStore[] = []
    const open = async (path: string): Promise<StateStore> => {
      const store = await openLevelStore(path)
      opened.push(store)
      return store
    }
    return {
      store: await open(join(folder, 'store')),
      reopen: () => open(join(folder, 'store')),
      snapshotPath: join(folder, 'snapshot'),
      openSnapshot: () => open(join(folder, 'snapshot')),
      dispose: async () => {
        for (const store of opened) await store.close()
        await rm(folder, { recursive: true })
      }
    }
  },
  { steps: 100 }
)

async function withFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-level-'))
  try {
    await body(join(folder, 'store'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function fill(path: string, count = 2000): Promise<void> {
  const store = await openLevelStore(path)
  const changes = Array.from({ length: count }, (_, index) => ({
    key: Buffer.from(`key${index}`),
    value: Buffer.from(`value ${index} `.repeat(10))
  }))
  await store.write(changes)
  await store.close()
}

const MARK = metaKey(META_KIND.damaged)

test('an open store is refused to another process', async () => {
  await withFolder(async path => {
    const first = await openLevelStore(path)
    const script = `
      import { openLevelStore } from ${JSON.stringify(join(import.meta.dirname, 'level.ts'))}
      await openLevelStore(process.argv[1]).then(() => console.log('open'), e => console.log(e.code))`
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=millrace-source',
      '--input-type=module',
      '-e',
      script,
      path
    ])
    assert.equal(stdout.trim(), 'STATE_STORE_LOCKED')
    await first.close()
  })
})

test('a killed process loses nothing of a write that resolved, and leaves no half of one', async () => {
  await withFolder(async path => {
    const script = `
      import { openLevelStore } from ${JSON.stringify(join(import.meta.dirname, 'level.ts'))}
      const store = await openLevelStore(process.argv[1])
      for (let round = 1; ; round++) {
        const value = Buffer.from(String(round))
        const keys = Array.from({ length: 50 }, (_, index) => Buffer.from('k' + index))
        await store.write(keys.map(key => ({ key, value })))
        process.stdout.write(round + '\\n')
      }`
    const child = spawn(process.execPath, [
      '--conditions=millrace-source',
      '--input-type=module',
      '-e',
      script,
      path
    ])
    let output = ''
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
      if (output.length > 500) child.kill('SIGKILL')
    })
    await once(child, 'close')
    const resolved = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1))
    const store = await openLevelStore(path)
    const values = readAll(store).map(([, value]) => Number(Buffer.from(value).toString()))
    assert.equal(values.length, 50)
    assert.equal(new Set(values).size, 1, 'each write is there wholly or not at all')
    assert.ok(values[0]! >= resolved, `${values[0]} is there; ${resolved} had resolved`)
    await store.close()
  })
})

test('a folder that cannot be opened is emptied and marked', async () => {
  const damages: [string, (path: string) => Promise<void>][] = [
    ['CURRENT without a line', path => writeFile(join(path, 'CURRENT'), 'nonsense')],
    [
      'CURRENT naming a missing file',
      path => writeFile(join(path, 'CURRENT'), 'MANIFEST-999999\n')
    ],
    ['a manifest of zeros', async path => overwrite(path, /^MANIFEST/, bytes => bytes.fill(0))],
    ['a cut table', path => overwrite(path, /\.(ldb|sst)$/, bytes => bytes.subarray(0, 30))]
  ]
  for (const [name, damage] of damages) {
    await withFolder(async path => {
      await fill(path)
      await compact(path)
      await damage(path)
      const store = await openLevelStore(path)
      if (store.get(MARK) === null) assert.throws(() => readAll(store), damagedError, name)
      await store.close()
      const again = await openLevelStore(path)
      assert.match(String(Buffer.from(again.get(MARK) ?? '')), /is damaged/, name)
      await again.clear()
      assert.equal(again.get(MARK), null)
      assert.deepEqual(readAll(again), [])
      await again.close()
    })
  }
})

test('a changed byte in a stored value is noticed, and remembered', async () => {
  await withFolder(async path => {
    await fill(path, 1)
    await compact(path)
    await overwrite(path, /\.(ldb|sst)$/, bytes => {
      const at = bytes.indexOf('alue 0')
      assert.ok(at > 0, 'the value stands in the table')
      bytes[at] = bytes[at]! ^ 1
      return bytes
    })
    const store = await openLevelStore(path)
    assert.throws(() => store.get(Buffer.from('key0')), damagedError)
    await store.close()
    const again = await openLevelStore(path)
    assert.match(String(Buffer.from(again.get(MARK) ?? '')), /checksum/)
    await again.close()
  })
})

test('a snapshot that was not finished is not taken for a whole one', async () => {
  await withFolder(async path => {
    await fill(path)
    await compact(path)
    await overwrite(path, /\.(ldb|sst)$/, bytes => bytes.fill(0x55, 200, 4000))
    const store = await openLevelStore(path)
    await assert.rejects(store.snapshot(`${path}-copy`), damagedError)
    await store.close()
    const copy = await openLevelStore(`${path}-copy`)
    assert.match(String(Buffer.from(copy.get(MARK) ?? '')), /not finished/)
    await copy.close()
  })
})

test('a path that is a file is refused with what to do', async () => {
  await withFolder(async path => {
    await writeFile(path, 'a file')
    await assert.rejects(openLevelStore(path), {
      code: 'STATE_STORE_FAILED',
      message: /permissions/
    })
  })
})

const RAW = { keyEncoding: 'view', valueEncoding: 'view' } as const

const damagedError = (error: unknown): boolean => isMillraceError(error, 'STATE_STORE_DAMAGED')

function readAll(store: StateStore): (readonly [Uint8Array, Uint8Array])[] {
  return [...store.scanSync(Buffer.of(0), Buffer.of(255))]
}

async function overwrite(
  path: string,
  name: RegExp,
  change: (bytes: Buffer) => Buffer
): Promise<void> {
  const files = (await readdir(path)).filter(file => name.test(file))
  assert.ok(files.length > 0, `a file like ${name} is there`)
  for (const file of files) {
    await writeFile(join(path, file), change(await readFile(join(path, file))))
  }
}

/** Moves everything from LevelDB's log into tables. */
async function compact(path: string): Promise<void> {
  const raw = new ClassicLevel<Uint8Array, Uint8Array>(path, RAW)
  await raw.open()
  await raw.compactRange(Buffer.of(0), Buffer.of(255))
  await raw.close()
}
