// An open file of a simulated disk: the content it leads to, through the machine's counting and faults.
import { closedError, systemError } from './errors.ts'
import { drawDamage, type SimulatedContent } from './simulated-file.ts'
import type { SimulatedMachine } from './simulated-machine.ts'
import type { DiskFile } from './disk.ts'
import type { Random } from '../random.ts'

/** Leads to its content even when the name is gone or given to another file, as a descriptor does. */
export class SimulatedHandle implements DiskFile {
  readonly path: string
  readonly #machine: SimulatedMachine
  readonly #random: Random
  readonly #content: SimulatedContent
  readonly #writable: boolean
  #open = true

  constructor(
    machine: SimulatedMachine,
    file: { readonly path: string; readonly content: SimulatedContent; readonly writable: boolean }
  ) {
    this.path = file.path
    this.#machine = machine
    this.#random = machine.random
    this.#content = file.content
    this.#writable = file.writable
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    await this.#beginChange('writing')
    const bytes = concatenate(parts)
    if (bytes.length === 0) return
    this.#machine.operate('write', this.path, 'writing', {
      whole: () => this.#content.write(bytes, position),
      part: () => {
        this.#content.write(bytes.subarray(0, this.#random.below(bytes.length)), position)
      }
    })
  }

  async writeDurable(parts: readonly Uint8Array[], position: number): Promise<void> {
    await this.write(parts, position)
    await this.sync()
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    await this.#begin('reading')
    this.#machine.refuseUnreadable(this.path)
    const found = this.#content.bytes.subarray(position, position + into.length)
    into.set(found)
    return found.length
  }

  /** Covers what was written before the call, as fdatasync promises; not what is written meanwhile. */
  async sync(): Promise<void> {
    const covered = this.#content.sequence
    await this.#begin('syncing')
    this.#machine.operate('sync', this.path, 'syncing', {
      whole: () => this.#content.sync(covered),
      part: () => this.#content.failSync(drawDamage(this.#random))
    })
  }

  async truncate(size: number): Promise<void> {
    await this.#beginChange('truncating')
    this.#machine.operate('truncate', this.path, 'truncating', {
      whole: () => this.#content.truncate(size)
    })
  }

  async size(): Promise<number> {
    await this.#begin('measuring')
    return this.#content.bytes.length
  }

  async close(): Promise<void> {
    this.#open = false
  }

  async #beginChange(verb: string): Promise<void> {
    await this.#begin(verb)
    if (!this.#writable) throw systemError(verb, this.path, 'EBADF')
  }

  async #begin(verb: string): Promise<void> {
    if (!this.#open) throw closedError({ verb, path: this.path })
    await this.#machine.turn()
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
