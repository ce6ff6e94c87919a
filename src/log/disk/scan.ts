// Goes through the frames of one journal file and says of every byte whether it is what was written.
//
// Owns: finding frames, and finding the next one behind damage. Does not own: what damage means (recovery.ts,
// verify.ts, repair.ts decide), what is done with frames.
//   S1  Frames are given in the order of the file; every byte behind the file header is in one frame or one gap, but
//       for zeros up to the end of the file that is written to: room made ready for frames.
//   S2  A gap ends where the next valid frame of this file begins (salted checksum, a sequence number not seen
//       yet), or at the end of the file.
import type { DiskFile } from '../../base/index.ts'
import {
  batchBaseOffset,
  batchByteLength,
  batchLastOffset,
  checkBatch
} from '../../record/index.ts'
import { type BatchEntry, type Directory, readDirectory } from './directory.ts'
import { FileWindow } from './file-window.ts'
import {
  FILE_HEADER_BYTES,
  type FileHeader,
  type FormatFault,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  decodeFrameHeader,
  frameLengths
} from './format.ts'

/** A batch of a frame, with what is wrong with its bytes (null also when that was not asked). */
export interface ScannedBatch extends BatchEntry {
  readonly position: number
  readonly fault: FormatFault | null
}

/** A frame whose header and directory are right. */
export interface ScannedFrame {
  readonly kind: 'frame'
  readonly position: number
  readonly end: number
  readonly frameKind: number
  readonly sequence: number
  readonly changes: Directory['changes']
  readonly batches: readonly ScannedBatch[]
}

/** Bytes that are no frame. */
export interface ScannedGap {
  readonly kind: 'gap'
  readonly position: number
  readonly end: number
  readonly fault: FormatFault
}

/** What to scan. */
export interface ScanSource {
  readonly file: DiskFile
  readonly size: number
  readonly header: FileHeader
}

/** How to scan. */
export interface ScanOptions {
  /** Checks every batch's checksum; without, only headers and directories are read. */
  readonly verifyBatches: boolean
  /** The file is the last one, which may end in zeros (S1). */
  readonly isLast?: boolean
}

const MAGIC_SEARCH_BYTES = 1024 * 1024
const ZEROS = Buffer.alloc(64 * 1024)

/** Walks a file; call {@link next} until it gives undefined. */
export class FrameScanner {
  readonly #window: FileWindow
  readonly #seed: number
  readonly #options: ScanOptions
  #end: number
  #position = FILE_HEADER_BYTES
  #sequence: number

  constructor(source: ScanSource, options: ScanOptions) {
    this.#window = new FileWindow(source.file, source.size)
    this.#seed = source.header.seed
    this.#sequence = source.header.sequenceFirst
    this.#options = options
    this.#end = source.size
  }

  /** Once all is scanned: where the zeros begin that were made ready, or the file ends. */
  get end(): number {
    return this.#end
  }

  /** The next frame or gap (S1), undefined at the end of the file. */
  async next(): Promise<ScannedFrame | ScannedGap | undefined> {
    const position = this.#position
    if (position >= this.#end) return undefined
    const found = await this.#frameAt(position)
    if (found.kind === 'frame') {
      this.#position = found.end
      this.#sequence = found.sequence + 1
      return found
    }
    let end = await this.#nextFrame(position + 1)
    if (this.#options.isLast === true && end === this.#window.size) {
      end = this.#end = await this.#zerosFrom(position)
      if (end === position) return undefined
    }
    this.#position = end
    return { kind: 'gap', position, end, fault: found.fault }
  }

  /** The bytes of a frame that was just given; valid until the next call. */
  bytesOf(frame: ScannedFrame): Promise<Buffer> {
    return this.#window.view(frame.position, frame.end - frame.position)
  }

  async #frameAt(
    position: number
  ): Promise<ScannedFrame | { readonly kind: 'fault'; readonly fault: FormatFault }> {
    const start = await this.#window.view(position, FRAME_HEADER_BYTES)
    const isCut = start.length < FRAME_HEADER_BYTES
    const lengths = frameLengths(start, 0, isCut ? 0 : this.#window.size - position)
    if (lengths === undefined) return faultOf('no frame begins here, or it is cut off')
    const bytes = await this.#window.view(position, lengths.length)
    if (bytes.length < lengths.length) return faultOf('the frame is cut off')
    const header = decodeFrameHeader(bytes, 0, lengths.directoryEnd, this.#seed)
    if ('message' in header) return { kind: 'fault', fault: header }
    if (header.sequence < this.#sequence) {
      const message = 'the frame repeats an earlier one'
      const numbers = { expected: this.#sequence, found: header.sequence }
      return { kind: 'fault', fault: { message, ...numbers } }
    }
    const directory = readDirectory(bytes, FRAME_HEADER_BYTES, lengths.directoryEnd)
    if (directory === undefined) return faultOf('the directory of the frame is malformed')
    const batches = this.#batchesOf(bytes, lengths.directoryEnd, position, directory.batches)
    if (batches === undefined) return faultOf('the batches do not fill the frame')
    return {
      kind: 'frame',
      position,
      end: position + lengths.length,
      frameKind: header.kind,
      sequence: header.sequence,
      changes: directory.changes,
      batches
    }
  }

  #batchesOf(
    bytes: Buffer,
    bodyStart: number,
    position: number,
    entries: readonly BatchEntry[]
  ): ScannedBatch[] | undefined {
    const batches: ScannedBatch[] = []
    let at = bodyStart
    for (const entry of entries) {
      if (at + entry.length > bytes.length) return undefined
      const fault = this.#options.verifyBatches ? batchFault(bytes, at, entry) : null
      batches.push({ ...entry, position: position + at, fault })
      at += entry.length
    }
    return at === bytes.length ? batches : undefined
  }

  /** Where the zeros begin that stand from `from` on up to the end of the file. */
  async #zerosFrom(from: number): Promise<number> {
    let end = from
    for (let at = from; at < this.#window.size; at += ZEROS.length) {
      const bytes = await this.#window.view(at, ZEROS.length)
      if (bytes.equals(ZEROS.subarray(0, bytes.length))) continue
      let last = bytes.length
      while (bytes[last - 1] === 0) last--
      end = at + last
    }
    return end
  }

  /** Where the next valid frame begins from `from` on (S2). */
  async #nextFrame(from: number): Promise<number> {
    const { size } = this.#window
    let at = from
    while (at < size) {
      const bytes = await this.#window.view(at, MAGIC_SEARCH_BYTES)
      const index = bytes.indexOf(FRAME_MAGIC)
      if (index < 0) {
        if (bytes.length < MAGIC_SEARCH_BYTES) return size
        at += bytes.length - FRAME_MAGIC.length + 1
        continue
      }
      at += index
      if ((await this.#frameAt(at)).kind === 'frame') return at
      at++
    }
    return size
  }
}

/**
 * What is wrong with the batch at `at`, which should be the one that `entry` describes. The batch's own checksum
 * covers all but base offset, length and leader epoch, which are compared (the log sets the epoch to 0).
 */
export function batchFault(
  bytes: Buffer,
  at: number,
  entry: {
    readonly baseOffset: number
    readonly lastOffset: number
    readonly length: number
  }
): FormatFault | null {
  const fault = checkBatch(bytes, at, at + entry.length)
  if (fault !== null) {
    const { expected, found } = fault
    const what =
      fault.code === 'BATCH_CORRUPT'
        ? 'the batch has a wrong checksum'
        : 'the batch has a wrong header'
    return {
      message: what,
      ...(expected !== undefined && { expected }),
      ...(found !== undefined && { found })
    }
  }
  return (
    differs('the batch has a wrong length', entry.length, batchByteLength(bytes, at)) ??
    differs('the batch has a wrong base offset', entry.baseOffset, batchBaseOffset(bytes, at)) ??
    differs('the batch has a wrong last offset', entry.lastOffset, batchLastOffset(bytes, at)) ??
    differs('the batch has a wrong leader epoch', 0, bytes.readInt32BE(at + LEADER_EPOCH_AT))
  )
}

/** Where a batch has its leader epoch. */
export const LEADER_EPOCH_AT = 12

function differs(message: string, expected: number, found: number): FormatFault | null {
  return expected === found ? null : { message, expected, found }
}

function faultOf(message: string): { readonly kind: 'fault'; readonly fault: FormatFault } {
  return { kind: 'fault', fault: { message } }
}
