// Looks at every byte of one journal file: what is good, what is damaged, what a crash left torn.
import type { Disk, DiskFile } from '../../../base/index.ts'
import {
  FILE_HEADER_BYTES,
  FRAME_KIND,
  type FileHeader,
  type FormatFault,
  decodeFileHeader,
  headerFaults
} from '../format.ts'
import { JournalFile, journalFolder, journalPath, numberOf } from '../journal-file.ts'
import { restoreNames } from '../recovery.ts'
import { FrameScanner, type ScannedBatch, type ScannedFrame } from '../scan.ts'
import { sidecarFault } from '../sidecar.ts'

/** Something in a file that is not as it was written. */
export interface FoundProblem {
  /** `index`: the sidecar, which is built anew without loss. */
  readonly kind: 'file-header' | 'frame' | 'batch' | 'index'
  readonly file: string
  readonly position: number
  /** Bytes that cannot be used. */
  readonly bytes: number
  readonly fault: FormatFault
  /** The batch, when the directory of its frame is good. */
  readonly batch: ScannedBatch | null
}

/** What was found in one file. */
export interface Inspection {
  readonly file: JournalFile | null
  readonly number: number
  readonly path: string
  /** Without what is made ready for frames at the end of the last file. */
  readonly size: number
  readonly frames: number
  readonly batches: number
  readonly problems: readonly FoundProblem[]
  /** Bytes at the end of the last file that belong to a commit which was never acknowledged. */
  readonly tornBytes: number
}

/** Numbers of the journal files of a log, ascending. @throws DISK_NOT_FOUND there is no log */
export async function journalNumbers(disk: Disk, folder: string): Promise<number[]> {
  await restoreNames(disk, folder)
  const entries = await disk.list(journalFolder(folder))
  const numbers = entries.map(entry => numberOf(entry.name)).filter(number => number !== undefined)
  return numbers.toSorted((a, b) => a - b)
}

/** Scans file `number`; `visit` gets its frames in order, those with damaged batches too, but no torn one. */
export async function inspectFile(
  place: { readonly disk: Disk; readonly folder: string; readonly number: number },
  isLast: boolean,
  visit: (frame: ScannedFrame) => void
): Promise<Inspection> {
  const { disk, folder, number } = place
  const path = journalPath(folder, number)
  const handle = await disk.open(path, { write: false, create: false })
  try {
    const size = await handle.size()
    const inspector = new Inspector(path, size, isLast, visit)
    const header = await inspector.header(handle)
    const file = header === null ? null : new JournalFile({ folder, header, size })
    if (header !== null) await inspector.frames(handle, header)
    if (file !== null && !isLast) inspector.sidecar(file, await sidecarFault(disk, file))
    return { file, number, path, ...inspector.result() }
  } finally {
    await handle.close()
  }
}

class Inspector {
  readonly #path: string
  #size: number
  readonly #isLast: boolean
  readonly #visit: (frame: ScannedFrame) => void
  readonly #problems: FoundProblem[] = []
  #frames = 0
  #batches = 0
  #tornBytes = 0

  constructor(path: string, size: number, isLast: boolean, visit: (frame: ScannedFrame) => void) {
    this.#path = path
    this.#size = size
    this.#isLast = isLast
    this.#visit = visit
  }

  async header(handle: DiskFile): Promise<FileHeader | null> {
    const bytes = Buffer.alloc(FILE_HEADER_BYTES)
    const length = await handle.read(bytes, 0)
    const header = decodeFileHeader(bytes.subarray(0, length))
    const faults = headerFaults(bytes.subarray(0, length))
    for (const [copy, fault] of faults.entries()) {
      if (fault === null) continue
      const position = (copy * FILE_HEADER_BYTES) / 2
      const bytesLost = 'message' in header ? this.#size : 0
      this.#add({ kind: 'file-header', position, bytes: bytesLost, fault, batch: null })
    }
    return 'message' in header ? null : header
  }

  async frames(handle: DiskFile, header: FileHeader): Promise<void> {
    const source = { file: handle, size: this.#size, header }
    const scanner = new FrameScanner(source, { verifyBatches: true, isLast: this.#isLast })
    // As at a start, the last frame is judged when it is known what follows it.
    let last: ScannedFrame | undefined
    for (let part = await scanner.next(); part !== undefined; part = await scanner.next()) {
      if (part.kind === 'gap') {
        const { position, end, fault } = part
        const isTorn = this.#isLast && end === scanner.end && last !== undefined
        if (isTorn) this.#tornBytes = end - position
        else this.#add({ kind: 'frame', position, bytes: end - position, fault, batch: null })
        continue
      }
      if (last !== undefined) this.#frame(last)
      else if (this.#isLast) this.#checkFirst(part)
      last = part
    }
    this.#size = scanner.end
    if (last === undefined) return
    const isTorn =
      this.#isLast && this.#frames > 0 && this.#tornBytes === 0 && last.batches.some(hasFault)
    if (isTorn) this.#tornBytes = last.end - last.position
    else this.#frame(last)
  }

  sidecar(file: JournalFile, fault: FormatFault | null): void {
    if (fault === null) return
    const place = { file: file.sidecarPath, position: 0, bytes: 0 }
    this.#problems.push({ kind: 'index', ...place, fault, batch: null })
  }

  result(): Pick<Inspection, 'size' | 'frames' | 'batches' | 'problems' | 'tornBytes'> {
    return {
      size: this.#size,
      frames: this.#frames,
      batches: this.#batches,
      problems: this.#problems,
      tornBytes: this.#tornBytes
    }
  }

  #checkFirst(frame: ScannedFrame): void {
    const isFirst = frame.position === FILE_HEADER_BYTES
    if (!isFirst || frame.frameKind === FRAME_KIND.snapshot) return
    const fault = { message: 'the first frame is no snapshot of the catalog' }
    this.#add({ kind: 'frame', position: frame.position, bytes: 0, fault, batch: null })
  }

  #frame(frame: ScannedFrame): void {
    this.#frames++
    this.#batches += frame.batches.length
    for (const batch of frame.batches) {
      const { position, length, fault } = batch
      if (fault !== null) this.#add({ kind: 'batch', position, bytes: length, fault, batch })
    }
    this.#visit(frame)
  }

  #add(problem: Omit<FoundProblem, 'file'>): void {
    this.#problems.push({ file: this.#path, ...problem })
  }
}

function hasFault(batch: ScannedBatch): boolean {
  return batch.fault !== null
}
