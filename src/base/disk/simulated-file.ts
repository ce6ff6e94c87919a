// The content of a simulated file: what readers see, what a crash leaves, and the writes in between.
//
// `seen` is the page cache, `durable` the medium, `pending` leads from one to the other in order of the calls.
// A crash and a failed sync both settle `pending`, sector by sector, as a real disk may (D1, D3).
import type { Random } from '../random.ts'

/** What a disk writes in one piece, in bytes. Tearing inside it is simulated all the same. */
export const SECTOR_BYTES = 512

/** How unsynced work fares in a crash. */
export type CrashMode = 'lose-all-unsynced' | 'keep-all' | 'random'

/** Probabilities of one crash; drawn once, so that some crashes lose almost all and some a single sector. */
export interface Damage {
  readonly random: Random
  /** That a sector, a truncation or a name reaches the medium. */
  readonly kept: number
  /** That a sector which does not reach it whole is torn. */
  readonly torn: number
  /** Whether names reach the medium in the order of the calls. */
  readonly ordered: boolean
}

/** Draws the probabilities of one crash. */
export function drawDamage(random: Random): Damage {
  const levels = [0, 0.05, 0.5, 0.95, 1]
  return {
    random,
    kept: levels[random.below(levels.length)] as number,
    torn: levels[random.below(levels.length)] as number,
    ordered: random.below(2) === 0
  }
}

interface PendingWrite {
  readonly sequence: number
  readonly kind: 'write'
  readonly position: number
  readonly bytes: Uint8Array
}

interface PendingTruncate {
  readonly sequence: number
  readonly kind: 'truncate'
  readonly size: number
}

type Pending = PendingWrite | PendingTruncate

/** Bytes that grow; copies share their buffer until one of them changes. */
class Content {
  #buffer: Uint8Array
  #shared = false
  size: number

  constructor(buffer: Uint8Array = new Uint8Array(0), size: number = buffer.length) {
    this.#buffer = buffer
    this.size = size
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.size)
  }

  copy(): Content {
    const copy = new Content(this.#buffer, this.size)
    copy.#shared = true
    this.#shared = true
    return copy
  }

  write(bytes: Uint8Array, position: number): void {
    this.#own(position + bytes.length)
    this.#buffer.set(bytes, position)
    this.size = Math.max(this.size, position + bytes.length)
  }

  resize(size: number): void {
    this.#own(size)
    // What lies behind the size is zero at all times, so growing again shows zeros.
    if (size < this.size) this.#buffer.fill(0, size, this.size)
    this.size = size
  }

  flip(position: number, bit: number): void {
    this.#own(this.size)
    this.#buffer[position] = (this.#buffer[position] as number) ^ (1 << bit)
  }

  #own(capacity: number): void {
    if (capacity <= this.#buffer.length && !this.#shared) return
    const length = this.#buffer.length
    const grown = capacity <= length ? length : Math.max(capacity, 2 * length)
    const buffer = new Uint8Array(grown)
    buffer.set(this.bytes)
    this.#buffer = buffer
    this.#shared = false
  }
}

/** One simulated file, whatever its names. */
export class SimulatedContent {
  #seen: Content
  #durable: Content
  #pending: Pending[] = []
  #sequence = 0

  constructor(seen: Content = new Content(), durable: Content = seen.copy()) {
    this.#seen = seen
    this.#durable = durable
  }

  /** The bytes as readers see them; not a copy. */
  get bytes(): Uint8Array {
    return this.#seen.bytes
  }

  /** Number of the latest change; hand it to {@link SimulatedContent.sync} to cover what came before. */
  get sequence(): number {
    return this.#sequence
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    this.#seen.write(bytes, position)
    const copy = bytes.slice()
    this.#pending.push({ sequence: ++this.#sequence, kind: 'write', position, bytes: copy })
  }

  truncate(size: number): void {
    this.#seen.resize(size)
    this.#pending.push({ sequence: ++this.#sequence, kind: 'truncate', size })
  }

  /** Makes changes up to number `sequence` durable. */
  sync(sequence: number): void {
    for (const pending of this.#pending) {
      if (pending.sequence <= sequence) apply(this.#durable, pending)
    }
    this.#pending = this.#pending.filter(pending => pending.sequence > sequence)
  }

  /** A sync that fails: any part of the pending changes is durable, the rest never will be (D3). */
  failSync(damage: Damage): void {
    this.#durable = settle(this.#durable, this.#pending, damage)
    this.#pending = []
  }

  /** Changes one bit in the cache and on the medium. */
  flip(position: number, bit: number): void {
    if (position < this.#seen.size) this.#seen.flip(position, bit)
    if (position < this.#durable.size) this.#durable.flip(position, bit)
  }

  /** What the next boot finds. */
  afterCrash(mode: CrashMode, damage: Damage): SimulatedContent {
    if (mode === 'keep-all') return new SimulatedContent(this.#seen.copy())
    if (mode === 'lose-all-unsynced' || this.#pending.length === 0) {
      return new SimulatedContent(this.#durable.copy())
    }
    return new SimulatedContent(settle(this.#durable.copy(), this.#pending, damage))
  }
}

function apply(content: Content, pending: Pending): void {
  if (pending.kind === 'write') content.write(pending.bytes, pending.position)
  else content.resize(pending.size)
}

/** Lets each pending change reach the medium or not, then the size, which is separate metadata. */
function settle(durable: Content, pending: readonly Pending[], damage: Damage): Content {
  const sizes = [durable.size]
  for (const change of pending) {
    if (change.kind === 'write') {
      writeSectors(durable, change, damage)
      sizes.push(Math.max(sizes.at(-1) as number, change.position + change.bytes.length))
    } else if (damage.random.fraction() < damage.kept) {
      durable.resize(change.size)
      sizes.push(change.size)
    }
  }
  // One half of the time the size fits the data; else it is that of some moment since the last sync.
  if (damage.random.below(2) === 0) {
    durable.resize(sizes[damage.random.below(sizes.length)] as number)
  }
  return durable
}

function writeSectors(content: Content, write: PendingWrite, damage: Damage): void {
  const { bytes, position } = write
  let from = 0
  while (from < bytes.length) {
    const toBoundary = SECTOR_BYTES - ((position + from) % SECTOR_BYTES)
    const to = Math.min(bytes.length, from + toBoundary)
    if (damage.random.fraction() < damage.kept) {
      content.write(bytes.subarray(from, to), position + from)
    } else if (damage.random.fraction() < damage.torn) {
      const length = damage.random.below(to - from)
      if (length > 0) content.write(bytes.subarray(from, from + length), position + from)
    }
    from = to
  }
}
