// The machine around a simulated disk: it counts operations, lets some fail, and stops.
import { assert } from '../assert.ts'
import { systemError } from './errors.ts'
import { MillraceError } from '../errors.ts'
import type { Random } from '../random.ts'

/** The kinds of calls that change a disk; each counts as one operation. */
export type SimulatedOperationKind =
  | 'create'
  | 'createDirectory'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'syncDirectory'

/** One operation that is about to run; `number` counts from 1. */
export interface SimulatedOperation {
  readonly number: number
  readonly kind: SimulatedOperationKind
  readonly path: string
}

/**
 * How an operation fails. `full`: DISK_FULL, a write is done in part. `io`: DISK_FAILED (EIO), a write is
 * done in part. `sync`: the first `sync` or `syncDirectory` from there on fails (EIO). A failed sync, by
 * whatever kind, leaves any part of the unsynced changes durable and loses the rest for good (D3).
 */
export type SimulatedFault = 'full' | 'io' | 'sync'

/** What a {@link SimulatedDisk} does besides storing bytes. */
export interface SimulatedDiskOptions {
  /** Calls take effect after 1 to 1 + `turnsMax` microtasks, so calls that overlap change places. Default 0. */
  readonly turnsMax?: number
  /** Told of every operation before it runs. */
  readonly onOperation?: (operation: SimulatedOperation) => void
}

interface PlannedFault {
  readonly at: number
  readonly fault: SimulatedFault
  readonly lasting: boolean
}

/** What an operation does: wholly, or when it fails or the machine stops in the middle of it. */
export interface Effect {
  readonly whole: () => void
  readonly part?: () => void
}

/** Shared by a disk and its open files. */
export class SimulatedMachine {
  readonly random: Random
  readonly #options: SimulatedDiskOptions
  readonly #unreadable = new Set<string>()
  #operations = 0
  #stop: { readonly after: number; readonly half: boolean } | null = null
  #crashed = false
  #faults: PlannedFault[] = []

  constructor(random: Random, options: SimulatedDiskOptions) {
    this.random = random
    this.#options = options
  }

  get operations(): number {
    return this.#operations
  }

  get crashed(): boolean {
    return this.#crashed
  }

  stop(): void {
    this.#crashed = true
  }

  stopAfter(count: number, half: boolean): void {
    this.#stop = { after: count, half }
  }

  failAt(operation: number, fault: SimulatedFault, lasting: boolean): void {
    assert(operation >= 1, 'operations count from 1')
    this.#faults.push({ at: operation, fault, lasting })
  }

  failReads(path: string): void {
    this.#unreadable.add(path)
  }

  repair(): void {
    this.#faults = []
    this.#unreadable.clear()
  }

  /** Lets the call wait for its turn; it takes effect afterwards, without a further await. */
  async turn(): Promise<void> {
    this.#refuseCrashed()
    const turnsMax = this.#options.turnsMax ?? 0
    const turns = turnsMax === 0 ? 1 : 1 + this.random.below(1 + turnsMax)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    this.#refuseCrashed()
  }

  /** Runs one operation: in the same step counted, then done, done in part, or refused. */
  operate(kind: SimulatedOperationKind, path: string, verb: string, effect: Effect): void {
    if (this.#stop !== null && this.#operations >= this.#stop.after) {
      if (this.#stop.half) effect.part?.()
      this.#crashed = true
      this.#refuseCrashed()
    }
    const number = ++this.#operations
    this.#options.onOperation?.({ number, kind, path })
    const fault = this.#faultOf(number, kind)
    if (fault === null) return effect.whole()
    effect.part?.()
    throw systemError(verb, path, fault === 'full' ? 'ENOSPC' : 'EIO')
  }

  #faultOf(number: number, kind: SimulatedOperationKind): SimulatedFault | null {
    const isSync = kind === 'sync' || kind === 'syncDirectory'
    const found = this.#faults.find(({ at, fault, lasting }) => {
      if (fault === 'sync') return number >= at && isSync
      if (!lasting || number <= at) return number === at
      return fault === 'io' || kind === 'write' || kind === 'create' || kind === 'createDirectory'
    })
    if (found === undefined) return null
    if (found.fault === 'sync' && !found.lasting) {
      this.#faults = this.#faults.filter(fault => fault !== found)
    }
    return found.fault
  }

  #refuseCrashed(): void {
    if (!this.#crashed) return
    throw new MillraceError(
      'DISK_CRASHED',
      `The simulated machine stopped after ${this.#operations} disk operations; ` +
        'a running one was expected; go on with the disk that crash() gives'
    )
  }

  refuseUnreadable(path: string): void {
    if (this.#unreadable.has(path)) throw systemError('reading', path, 'EIO')
  }
}
