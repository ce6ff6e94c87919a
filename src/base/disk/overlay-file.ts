// A file of an overlay disk: the bytes of a file below, with what was written since kept in memory.
import { closedError } from './errors.ts'
import type { Disk, DiskFile } from './disk.ts'

interface Patch {
  readonly position: number
  readonly bytes: Uint8Array
}

/** One file, whatever its names; open handles share it. */
export class OverlayContent {
  readonly #below: Disk
  /** Null for a file that is only here. */
  readonly #path: string | null
  #file: DiskFile | null = null
  #handles = 0
  #opening: Promise<void> | null = null
  /** Whether the size below was asked for. */
  #isKnown = false
  #size = 0
  /** Bytes that still come from below, counted from the start. */
  #belowBytes = 0
  /** Later ones cover earlier ones. */
  #patches: Patch[] = []

  constructor(below: Disk, path: string | null) {
    this.#below = below
    this.#path = path
  }

  get size(): number {
    return this.#size
  }

  /** Resolves when the file can be read, until as many calls of {@link OverlayContent.close}. */
  async open(): Promise<void> {
    this.#handles++
    this.#opening ??= this.#openBelow()
    try {
      await this.#opening
    } catch (error) {
      this.#handles--
      this.#opening = null
      throw error
    }
  }

  async #openBelow(): Promise<void> {
    if (this.#path !== null) {
      this.#file = await this.#below.open(this.#path, { write: false, create: false })
      if (!this.#isKnown) this.#size = this.#belowBytes = await this.#file.size()
      this.#isKnown = true
    }
  }

  async close(): Promise<void> {
    if (--this.#handles > 0) return
    this.#opening = null
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    this.#patches.push({ position, bytes: bytes.slice() })
    this.#size = Math.max(this.#size, position + bytes.length)
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const length = Math.max(0, Math.min(into.length, this.#size - position))
    into.fill(0, 0, length)
    const fromBelow = Math.min(length, this.#belowBytes - position)
    if (fromBelow > 0) await this.#file!.read(into.subarray(0, fromBelow), position)
    for (const { position: start, bytes } of this.#patches) {
      const from = Math.max(start, position)
      const to = Math.min(start + bytes.length, position + length)
      if (from < to) into.set(bytes.subarray(from - start, to - start), from - position)
    }
    return length
  }

  truncate(size: number): void {
    this.#belowBytes = Math.min(this.#belowBytes, size)
    this.#patches = this.#patches
      .filter(({ position }) => position < size)
      .map(({ position, bytes }) => ({ position, bytes: bytes.subarray(0, size - position) }))
    this.#size = size
  }
}

/** An open file of an overlay disk. */
export class OverlayHandle implements DiskFile {
  readonly path: string
  readonly #content: OverlayContent
  readonly #refuseWrite: ((verb: string) => Error) | null
  #open = true

  /** `content` is open already; `refuseWrite` gives the error of a handle for reading, null for others. */
  constructor(
    path: string,
    content: OverlayContent,
    refuseWrite: ((verb: string) => Error) | null
  ) {
    this.path = path
    this.#content = content
    this.#refuseWrite = refuseWrite
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    this.#beginChange('writing')
    let at = position
    for (const part of parts) {
      this.#content.write(part, at)
      at += part.length
    }
  }

  writeDurable(parts: readonly Uint8Array[], position: number): Promise<void> {
    return this.write(parts, position)
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#begin('reading')
    return this.#content.read(into, position)
  }

  async sync(): Promise<void> {
    this.#begin('syncing')
  }

  async truncate(size: number): Promise<void> {
    this.#beginChange('truncating')
    this.#content.truncate(size)
  }

  async size(): Promise<number> {
    this.#begin('measuring')
    return this.#content.size
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#content.close()
  }

  #beginChange(verb: string): void {
    this.#begin(verb)
    if (this.#refuseWrite !== null) throw this.#refuseWrite(verb)
  }

  #begin(verb: string): void {
    if (!this.#open) throw closedError({ verb, path: this.path })
  }
}
