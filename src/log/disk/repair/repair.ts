// Repairs a log that nobody has open: keeps every batch that verifies, drops the rest, and says what is lost.
//
// Damaged files are written anew, batches only, under their own number; the damaged original stays beside them as
// `….journal.damaged`. When the last file is damaged, the catalog is put together from the frames that are left and
// begins a new last file; that comes first, so that a repair that was interrupted can be done again.
// Offsets are never given away twice: what is lost leaves a gap.
import {
  ByteWriter,
  type Disk,
  type DiskFile,
  MillraceError,
  type Random,
  SystemRandom
} from '../../../base/index.ts'
import type { Catalog } from '../../catalog.ts'
import { writeBatchEntry } from '../directory.ts'
import { lockLog } from '../disk-log.ts'
import {
  FILE_HEADER_BYTES,
  FRAME_KIND,
  type FileHeader,
  SALT_BYTES,
  beginFrame,
  encodeFileHeader,
  finishFrame,
  seedOf
} from '../format.ts'
import { type Inspection, inspectFile, journalNumbers } from './inspect.ts'
import { Journal } from '../journal.ts'
import { type DiskPartition, journalFolder, sidecarPath } from '../journal-file.ts'
import { CatalogSalvage, type MissingOffsets } from './salvage.ts'
import { FrameScanner, type ScannedBatch, batchFault } from '../scan.ts'
import { type SidecarContent, readSidecar } from '../sidecar.ts'
import { TopicNames } from './topic-names.ts'

/** What a repair is made with. */
export interface RepairOptions {
  readonly disk: Disk
  readonly folder: string
  /** For the salts of new files. Default: the system's. */
  readonly random?: Random
}

/** Records that are gone. */
export interface LostRecords {
  readonly topic: string
  readonly partition: number
  readonly firstOffset: number
  readonly lastOffset: number
}

/** What a repair did. */
export interface RepairReport {
  /** Files written anew, each with the name under which the damaged original is kept. */
  readonly repaired: readonly { readonly file: string; readonly original: string }[]
  /** Records known to be lost. */
  readonly lost: readonly LostRecords[]
  /** Stretches of which nobody can tell what they held. */
  readonly unreadable: readonly {
    readonly file: string
    readonly position: number
    readonly bytes: number
  }[]
  /** Indexes that were damaged and are built anew by the next start. */
  readonly indexesRemoved: readonly string[]
}

/**
 * Repairs the log in `folder`; a log without damage is left as it is.
 * @throws LOG_LOCKED a process has it open · DISK_NOT_FOUND there is no log · DISK_FULL, DISK_FAILED: nothing is
 *   lost by that, repair again
 */
export async function repairDiskLog(options: RepairOptions): Promise<RepairReport> {
  const { disk, folder, random = new SystemRandom() } = options
  await disk.list(journalFolder(folder))
  const lock = await lockLog(disk, folder)
  try {
    return await new Repair(disk, folder, random).run()
  } finally {
    await lock.release()
  }
}

/** A batch that is kept, with its bytes. */
interface KeptBatch {
  readonly batch: Omit<ScannedBatch, 'fault' | 'position'>
  readonly bytes: Buffer
}

class Repair {
  readonly #disk: Disk
  readonly #folder: string
  readonly #random: Random
  readonly #names = new TopicNames()
  readonly #repaired: { file: string; original: string }[] = []
  readonly #lost: MissingOffsets[] = []
  readonly #unreadable: { file: string; position: number; bytes: number }[] = []
  readonly #indexesRemoved: string[] = []
  /** What the last file says; a batch past an end in it belongs to a commit that was never acknowledged. */
  #catalog: Catalog<DiskPartition> | null = null

  constructor(disk: Disk, folder: string, random: Random) {
    this.#disk = disk
    this.#folder = folder
    this.#random = random
  }

  async run(): Promise<RepairReport> {
    const numbers = await journalNumbers(this.#disk, this.#folder)
    const inspections: Inspection[] = []
    for (const number of numbers) {
      const place = { disk: this.#disk, folder: this.#folder, number }
      const isLast = number === numbers.at(-1)
      inspections.push(await inspectFile(place, isLast, frame => this.#names.learn(frame)))
    }
    const last = inspections.at(-1)
    if (last === undefined) return this.#report()
    if (isDamaged(last)) await this.#beginNext(numbers)
    else this.#catalog = (await this.#salvage(numbers.slice(-1))).catalog
    this.#lost.splice(0, isDamaged(last) ? 0 : this.#lost.length)
    for (const inspection of inspections) {
      await this.#repairIndex(inspection)
      if (isDamaged(inspection)) await this.#repairFile(inspection)
      else await this.#repairHeader(inspection)
    }
    return this.#report()
  }

  #report(): RepairReport {
    const lost = this.#lost.map(({ topicId, ...offsets }) => {
      return { topic: this.#names.of(topicId), ...offsets }
    })
    return {
      repaired: this.#repaired,
      lost,
      unreadable: this.#unreadable,
      indexesRemoved: this.#indexesRemoved
    }
  }

  /** Begins a new last file with the catalog as far as it is known. */
  async #beginNext(numbers: readonly number[]): Promise<void> {
    let from = numbers.length - 1
    let salvage = await this.#salvage(numbers.slice(from))
    while (!salvage.hasSnapshot && from > 0) {
      from--
      salvage = await this.#salvage(numbers.slice(from))
    }
    if (salvage.sequenceLast === 0) {
      throw new MillraceError(
        'LOG_DAMAGED',
        `nothing in ${journalFolder(this.#folder)} can be read; at least one good frame was expected; ` +
          'restore the data directory from a copy',
        { details: { folder: this.#folder } }
      )
    }
    const world = { disk: this.#disk, folder: this.#folder, random: this.#random }
    const journal = new Journal({ ...world, onEvent: () => {} }, salvage.catalog)
    this.#catalog = salvage.catalog
    const next = await journal.createFile(numbers.at(-1)! + 1, salvage.sequenceLast + 1)
    await journal.close(next)
  }

  /** The catalog after the frames of some files; offsets missing in the last of them are lost. */
  async #salvage(numbers: readonly number[]): Promise<CatalogSalvage> {
    const salvage = new CatalogSalvage()
    this.#lost.length = 0
    for (const number of numbers) {
      const place = { disk: this.#disk, folder: this.#folder, number }
      const isLast = number === numbers.at(-1)
      await inspectFile(place, isLast, frame => {
        const missing = salvage.take(frame)
        if (isLast && salvage.hasSnapshot) this.#lost.push(...missing)
      })
    }
    return salvage
  }

  async #repairIndex({ problems }: Inspection): Promise<void> {
    for (const { kind, file } of problems) {
      if (kind !== 'index') continue
      await this.#disk.remove(file)
      this.#indexesRemoved.push(file)
    }
  }

  /** Writes the damaged copy of a header anew; the other one is good all the while. */
  async #repairHeader({ path, problems }: Inspection): Promise<void> {
    const problem = problems.find(({ kind }) => kind === 'file-header')
    if (problem === undefined) return
    const handle = await this.#disk.open(path, { write: true, create: false })
    try {
      const bytes = Buffer.alloc(FILE_HEADER_BYTES)
      await handle.read(bytes, 0)
      const half = FILE_HEADER_BYTES / 2
      const good = problem.position === 0 ? bytes.subarray(half) : bytes.subarray(0, half)
      await handle.write([good], problem.position)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  /** Writes a file anew from the batches that verify, and keeps the original under another name. */
  async #repairFile(inspection: Inspection): Promise<void> {
    const { number, path, size, tornBytes } = inspection
    const known = inspection.file?.header ?? null
    const found = await readSidecar(this.#disk, this.#folder, number, size)
    const sidecar = known === null || found?.header.seed === known.seed ? found : undefined
    const header = known ?? sidecar?.header ?? null
    const original = `${path}.damaged`
    const rewritten = `${path}.rewritten`
    const source = await this.#disk.open(path, { write: false, create: false })
    let kept = 0
    try {
      await copyFile(this.#disk, source, size, original)
      if (header !== null) {
        const output = new RepairedFile(this.#random.bytes(SALT_BYTES), header)
        kept = await output.write(this.#disk, rewritten, batches => {
          return this.#keepBatches(
            { source, size: size - tornBytes, header, path, sidecar },
            batches
          )
        })
      } else {
        this.#unreadable.push({ file: path, position: 0, bytes: size })
      }
    } finally {
      await source.close()
    }
    const folder = journalFolder(this.#folder)
    const index = sidecarPath(this.#folder, number)
    if (await this.#disk.exists(index)) await this.#disk.remove(index)
    await this.#disk.syncDirectory(folder)
    if (kept > 0) await this.#disk.rename(rewritten, path)
    else await this.#disk.remove(path)
    await this.#disk.syncDirectory(folder)
    this.#repaired.push({ file: path, original })
  }

  /** Hands on the good batches of each frame, and of each gap as far as the sidecar knows them. */
  async #keepBatches(from: DamagedSource, take: TakeBatches): Promise<void> {
    const { source, size, header, path, sidecar } = from
    const scanner = new FrameScanner({ file: source, size, header }, { verifyBatches: true })
    for (let part = await scanner.next(); part !== undefined; part = await scanner.next()) {
      if (part.kind === 'frame') {
        const bytes = await scanner.bytesOf(part)
        const good: KeptBatch[] = []
        for (const batch of part.batches) {
          const at = batch.position - part.position
          if (!this.#wasAcknowledged(batch)) continue
          if (batch.fault !== null) this.#lose(batch)
          else good.push({ batch, bytes: bytes.subarray(at, at + batch.length) })
        }
        await take(good, part.sequence)
        continue
      }
      const { position, end } = part
      const known = sidecar?.batches.filter(
        batch => batch.position >= position && batch.position < end
      )
      if (known === undefined)
        this.#unreadable.push({ file: path, position, bytes: end - position })
      for (const batch of known ?? []) await take(await this.#rescue(source, batch), null)
    }
  }

  /** Reads a batch that stands in a damaged frame. */
  async #rescue(source: DiskFile, batch: SidecarContent['batches'][number]): Promise<KeptBatch[]> {
    const bytes = Buffer.alloc(batch.length)
    await source.read(bytes, batch.position)
    if (batchFault(bytes, 0, batch) === null) return [{ batch, bytes }]
    this.#lose(batch)
    return []
  }

  #wasAcknowledged({ topicId, partition, lastOffset }: Omit<ScannedBatch, 'fault'>): boolean {
    const state = this.#catalog?.partitionById(topicId, partition)
    return state === undefined || lastOffset < state.endOffset
  }

  #lose({ topicId, partition, baseOffset, lastOffset }: Omit<ScannedBatch, 'fault'>): void {
    this.#lost.push({ topicId, partition, firstOffset: baseOffset, lastOffset })
  }
}

/** A damaged file and what is known of it. */
interface DamagedSource {
  readonly source: DiskFile
  readonly size: number
  readonly header: FileHeader
  readonly path: string
  readonly sidecar: SidecarContent | undefined
}

/** Takes the batches of one frame; `sequence` is null when that is not known. */
type TakeBatches = (batches: readonly KeptBatch[], sequence: number | null) => Promise<void>

/** Encodes what is kept of a file. */
class RepairedFile {
  readonly #header: Buffer
  readonly #seed: number
  #sequence: number
  #position = FILE_HEADER_BYTES
  #kept = 0

  constructor(salt: Uint8Array, { number, sequenceFirst }: FileHeader) {
    this.#header = encodeFileHeader(number, sequenceFirst, salt)
    this.#seed = seedOf(salt)
    this.#sequence = sequenceFirst
  }

  /** Writes the file durably under `path`; `produce` hands over the batches. Gives how many there are. */
  async write(
    disk: Disk,
    path: string,
    produce: (take: TakeBatches) => Promise<void>
  ): Promise<number> {
    const handle = await disk.open(path, { write: true, create: true })
    try {
      await handle.truncate(0)
      await handle.write([this.#header], 0)
      await produce((batches, sequence) => this.#append(handle, batches, sequence))
      await handle.sync()
    } finally {
      await handle.close()
    }
    return this.#kept
  }

  async #append(
    handle: DiskFile,
    batches: readonly KeptBatch[],
    sequence: number | null
  ): Promise<void> {
    if (batches.length === 0) return
    const frame = new ByteWriter()
    beginFrame(frame)
    let bodyLength = 0
    for (const { batch, bytes } of batches) {
      const { topicId, partition, baseOffset, lastOffset, maxTimestamp, length } = batch
      writeBatchEntry(frame, topicId, partition, baseOffset, lastOffset, maxTimestamp, length)
      bodyLength += bytes.length
    }
    this.#sequence = Math.max(this.#sequence, sequence ?? 0)
    const kind = FRAME_KIND.rewritten
    finishFrame(frame, { seed: this.#seed, sequence: this.#sequence++, kind, bodyLength })
    const parts = [frame.slice(), ...batches.map(({ bytes }) => bytes)]
    await handle.write(parts, this.#position)
    this.#position += frame.length + bodyLength
    this.#kept += batches.length
  }
}

/** Whether something of the file itself cannot be used. */
function isDamaged({ file, problems }: Inspection): boolean {
  return file === null || problems.some(({ kind }) => kind === 'frame' || kind === 'batch')
}

async function copyFile(disk: Disk, source: DiskFile, size: number, path: string): Promise<void> {
  const target = await disk.open(path, { write: true, create: true })
  try {
    await target.truncate(0)
    const bytes = Buffer.alloc(Math.min(size, COPY_BYTES))
    for (let position = 0; position < size;) {
      const length = await source.read(bytes, position)
      if (length === 0) break
      await target.write([bytes.subarray(0, length)], position)
      position += length
    }
    await target.sync()
  } finally {
    await target.close()
  }
}

const COPY_BYTES = 4 * 1024 * 1024
