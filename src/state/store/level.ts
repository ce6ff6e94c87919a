// A state store in LevelDB (classic-level): the cold state of one task in one folder.
//
// A stored value is the value's bytes and 4 bytes CRC-32C over key and value, little endian: LevelDB checks its own
// block checksums only when it merges files, not when it reads, and the binding has no option for it. A value that
// fails marks the store as damaged, for good: the next opening empties it and replays the changelog.
//
// Why writes are synced. A write that returned survives a killed process without, because the operating system has
// it. After a power loss LevelDB drops the end of its write-ahead log, which alone would be an older but whole
// position (S1). But it changes to a new log file whenever its memory table is full, without syncing the old one:
// the file system may keep the new log, with a newer position, and lose the end of the old one, a hole that nothing
// shows. Measured with pieces of 1,000 records: 650,000 records/s synced, 780,000 unsynced, on a thread of the pool.
import { createRequire } from 'node:module'
import type { ClassicLevel } from 'classic-level'

import { MillraceError, isMillraceError, messageOf } from '../../base/index.ts'
import { crc32c } from '../../record/index.ts'
import type { StateStore, StoreChange } from '../contract.ts'
import { META_KIND, metaKey } from '../key-space.ts'
import { type LevelScanner, openLevelScanner } from './level-scanner.ts'

type Database = ClassicLevel<Uint8Array, Uint8Array>

const CHECKSUM_BYTES = 4
/** Pairs that a scan or a snapshot fetches at a time. */
const SCAN_PAIRS = 1000
/** LevelDB's memory table and its log. Twice the default: fewer merges of the same keys; 30 ms more to open. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024
/** Uncompressed blocks kept in memory. */
const CACHE_BYTES = 16 * 1024 * 1024
const DATABASE_OPTIONS = {
  keyEncoding: 'view',
  valueEncoding: 'view',
  writeBufferSize: WRITE_BUFFER_BYTES,
  cacheSize: CACHE_BYTES,
  // Lets the scanner's thread use the same open database.
  multithreading: true
} as const

/**
 * Opens the store in the folder `path`, creating it where there is none. A folder that LevelDB finds damaged is
 * emptied and marked, so that `openTaskState` tells about it and rebuilds it from the changelog. Another process
 * is refused; a second opening in this one is not, it shares the database: a folder has one owner.
 * @throws STATE_STORE_LOCKED another process has it open
 * @throws STATE_STORE_FAILED the folder cannot be created, read or written
 */
export async function openLevelStore(path: string): Promise<StateStore> {
  try {
    return new LevelStore(path, await openDatabase(path))
  } catch (error) {
    const failure = failureOf(path, error)
    if (failure.code !== 'STATE_STORE_DAMAGED') throw failure
    const store = new LevelStore(path, await recreate(path))
    await store.write([{ key: metaKey(META_KIND.damaged), value: Buffer.from(failure.message) }])
    return store
  }
}

class LevelStore implements StateStore {
  readonly #path: string
  #database: Database
  #scanner: LevelScanner | null = null
  #closed = false
  /** Pending since damage was found: the mark that outlives this process. */
  #marking: Promise<void> | null = null

  constructor(path: string, database: Database) {
    this.#path = path
    this.#database = database
  }

  get(key: Uint8Array): Uint8Array | null {
    this.#use()
    let stored: Uint8Array | undefined
    try {
      stored = this.#database.getSync(key)
    } catch (error) {
      throw this.#fail(error)
    }
    return stored === undefined ? null : this.#checked(key, stored)
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    this.#use()
    const sums = Buffer.allocUnsafe(valueBytes(changes))
    let at = 0
    // A chained batch copies keys and values at once: half the time of an array of operations (0.4 µs a record).
    const batch = this.#database.batch()
    for (const { key, value } of changes) {
      if (value === null) {
        batch.del(key)
        continue
      }
      sums.set(value, at)
      const end = at + value.length
      sums.writeUInt32LE(crc32c(value, crc32c(key)), end)
      batch.put(key, sums.subarray(at, end + CHECKSUM_BYTES))
      at = end + CHECKSUM_BYTES
    }
    try {
      await batch.write({ sync: true })
    } catch (error) {
      throw this.#fail(error)
    }
  }

  scan(
    from: Uint8Array,
    to: Uint8Array
  ): AsyncGenerator<readonly [Uint8Array, Uint8Array], undefined> {
    return this.#pairs({ gte: from, lt: to })
  }

  *scanSync(
    from: Uint8Array,
    to: Uint8Array
  ): Generator<readonly [Uint8Array, Uint8Array], undefined> {
    this.#use()
    this.#scanner ??= openLevelScanner(this.#path, DATABASE_OPTIONS)
    try {
      for (const [key, stored] of this.#scanner.scan(from, to)) {
        yield [key, this.#checked(key, stored)]
      }
    } catch (error) {
      throw this.#fail(error)
    }
  }

  async snapshot(path: string): Promise<void> {
    this.#use()
    const copy = new LevelStore(path, await createDatabase(path))
    try {
      // Until it is whole the copy says that it is damaged, so that a half one is never taken for a whole one.
      const mark = metaKey(META_KIND.damaged)
      await copy.write([{ key: mark, value: Buffer.from(`the snapshot ${path} is not finished`) }])
      let piece: StoreChange[] = []
      for await (const [key, value] of this.#pairs({})) {
        piece.push({ key, value })
        if (piece.length < SCAN_PAIRS) continue
        await copy.write(piece)
        piece = []
      }
      await copy.write(piece)
      await copy.write([{ key: mark, value: null }])
    } finally {
      await copy.close()
    }
  }

  async clear(): Promise<void> {
    this.#use()
    await this.#release()
    // Not by deleting keys: a damaged store cannot be read through.
    this.#database = await recreate(this.#path)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#release()
  }

  async *#pairs(range: {
    readonly gte?: Uint8Array
    readonly lt?: Uint8Array
  }): AsyncGenerator<readonly [Uint8Array, Uint8Array], undefined> {
    this.#use()
    const iterator = this.#database.iterator(range)
    try {
      for (;;) {
        const pairs = await iterator.nextv(SCAN_PAIRS)
        if (pairs.length === 0) return
        for (const [key, stored] of pairs) yield [key, this.#checked(key, stored)]
      }
    } catch (error) {
      throw this.#fail(error)
    } finally {
      await iterator.close()
    }
  }

  async #release(): Promise<void> {
    await this.#marking
    this.#marking = null
    await this.#scanner?.close()
    this.#scanner = null
    await this.#database.close()
  }

  #checked(key: Uint8Array, stored: Uint8Array): Uint8Array {
    const end = stored.length - CHECKSUM_BYTES
    const value = stored.subarray(0, Math.max(end, 0))
    const expected = end < 0 ? -1 : checksumAt(stored, end)
    const found = crc32c(value, crc32c(key))
    if (expected === found) return value
    throw this.#fail(
      damaged(
        this.#path,
        `a value of ${stored.length} bytes has the checksum ${found}, not ${expected}`
      )
    )
  }

  /** The error to throw; damage is noted in the store itself, so that the next opening rebuilds it. */
  #fail(error: unknown): MillraceError {
    const failure = failureOf(this.#path, error)
    if (failure.code === 'STATE_STORE_DAMAGED' && this.#marking === null && !this.#closed) {
      const key = metaKey(META_KIND.damaged)
      this.#marking = this.write([{ key, value: Buffer.from(failure.message) }]).catch(() => {
        // Too damaged to be marked: opening it will say so.
      })
    }
    return failure
  }

  #use(): void {
    if (!this.#closed) return
    throw new MillraceError(
      'STATE_STORE_CLOSED',
      `the state store ${this.#path} was used after it was closed; expected an open one; open it again`
    )
  }
}

const require = createRequire(import.meta.url)

/** Loaded by the first use: commands that need no state do not pay for the native. */
function levelLibrary(): typeof import('classic-level') {
  return require('classic-level') as typeof import('classic-level')
}

async function openDatabase(
  path: string,
  options: { readonly errorIfExists?: boolean } = {}
): Promise<Database> {
  const { ClassicLevel } = levelLibrary()
  const database: Database = new ClassicLevel(path, { ...DATABASE_OPTIONS, ...options })
  await database.open()
  return database
}

/** A new database at `path`. @throws STATE_STORE_FAILED there is one already, or the folder cannot be written */
async function createDatabase(path: string): Promise<Database> {
  try {
    return await openDatabase(path, { errorIfExists: true })
  } catch (error) {
    throw failureOf(path, error)
  }
}

/** Removes LevelDB's files in `path` and opens an empty database there. */
async function recreate(path: string): Promise<Database> {
  const { ClassicLevel } = levelLibrary()
  try {
    await ClassicLevel.destroy(path)
    return await openDatabase(path)
  } catch (error) {
    throw failureOf(path, error)
  }
}

function valueBytes(changes: readonly StoreChange[]): number {
  let bytes = 0
  for (const { value } of changes) if (value !== null) bytes += value.length + CHECKSUM_BYTES
  return bytes
}

function checksumAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  )
}

function failureOf(path: string, error: unknown): MillraceError {
  if (isMillraceError(error)) return error
  const causes = causesOf(error)
  const codes = causes.map(cause => (cause as { code?: unknown }).code)
  const message = messageOf(causes.at(-1))
  if (codes.includes('LEVEL_LOCKED')) {
    return new MillraceError(
      'STATE_STORE_LOCKED',
      `the state store ${path} is open in another process; expected it to be free; stop the other one`,
      { details: { path }, cause: error }
    )
  }
  // LevelDB calls a table that is gone or cut short an I/O error.
  if (
    codes.includes('LEVEL_CORRUPTION') ||
    /corrupt|no such file|invalid argument/i.test(message)
  ) {
    return damaged(path, message, error)
  }
  return new MillraceError(
    'STATE_STORE_FAILED',
    `the state store ${path} failed: ${message}; expected to read and write it; ` +
      `see to the disk and to the folder's permissions, then start again: the changelog has everything`,
    { details: { path }, cause: error }
  )
}

function damaged(path: string, what: string, cause?: unknown): MillraceError {
  return new MillraceError(
    'STATE_STORE_DAMAGED',
    `the state store ${path} is damaged: ${what}; expected what was written to it; ` +
      `start again: it is rebuilt from the changelog, nothing is lost`,
    { details: { path }, cause }
  )
}

/** `error` and what it was caused by, outermost first. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = []
  for (let at = error; at instanceof Error && causes.length < 5; at = at.cause) causes.push(at)
  return causes.length > 0 ? causes : [error]
}
