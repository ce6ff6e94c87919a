// Which partitions a consumer reads: those it chose, or those that its group gives it, and where it begins in them.
//
//   A1  A partition that a group gives begins at the group's position, or at `from` where there is none; one that the
//       member keeps over a rebalance goes on where it was.
//   A2  Of changes that overtake each other the latest counts.
//   A3  A membership that ends by a failure that may pass is begun again, for ever, later and later.
import { isMillraceError, MillraceError, type Clock, type Timer } from '../../base/index.ts'
import type {
  Driver,
  DriverAdmin,
  Isolation,
  Membership,
  PartitionOffset,
  TopicPartition
} from '../driver.ts'
import { partitionUnknown } from '../errors.ts'
import { keyOf } from '../places.ts'
import { newPlace, type FetchLoop, type Place } from './fetch-loop.ts'
import { startOffsets, type StartPosition } from './start.ts'

/** A topic with all its partitions, or with some. */
export type TopicChoice =
  | string
  | { readonly topic: string; readonly partitions: readonly number[] }

/** What is wanted. */
export interface AssignmentsOptions {
  readonly topics: readonly TopicChoice[]
  readonly from: StartPosition
  readonly group: string | null
  readonly instance: string | null
  readonly sessionTimeoutMs: number
  readonly isolation: Isolation
  readonly stopAtEnd: boolean
  readonly onRetry: (error: Error) => void
  /** Commits what was processed, before partitions go. */
  readonly beforeRevoke: () => Promise<void>
  readonly onChange: () => void
}

/** Topics that grow are looked at so often. */
const LOOK_MS = 10_000
const REJOIN_MS_FIRST = 50
const REJOIN_MS_MAX = 5_000

/** The partitions of one consumer. */
export class Assignments {
  /** Keeps positions; null without a group. */
  membership: Membership | null = null
  readonly #driver: Driver
  readonly #loop: FetchLoop
  readonly #clock: Clock
  readonly #options: AssignmentsOptions
  readonly #ending = new AbortController()
  #isPaused = false
  #isSettled = false
  #change = 0
  #timer: Timer | null = null

  constructor(driver: Driver, loop: FetchLoop, clock: Clock, options: AssignmentsOptions) {
    this.#driver = driver
    this.#loop = loop
    this.#clock = clock
    this.#options = options
  }

  /** Whether nothing may be handed out now. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether the partitions are known. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN, USAGE */
  async open(): Promise<void> {
    const { topics, group } = this.#options
    const partitions = await this.#chosen()
    const isShared = group !== null && topics.every(topic => typeof topic === 'string')
    if (isShared) {
      await this.#join()
      return
    }
    if (group !== null) this.membership = storedPositions(this.#driver.admin, group)
    await this.#read(partitions, false)
    if (topics.some(topic => typeof topic === 'string') && !this.#options.stopAtEnd) this.#look()
  }

  /** Reads a partition from an offset on; gives the place that this ends. @throws PARTITION_UNKNOWN */
  seek(position: PartitionOffset): Place {
    const place = this.#loop.places.find(each => keyOf(each) === keyOf(position))
    if (place === undefined) throw notRead(position, this.#loop.places)
    const there = newPlace(position, position.offset, place.until)
    this.#loop.assign(this.#loop.places.map(each => (each === place ? there : each)))
    return place
  }

  async close(): Promise<void> {
    this.#ending.abort()
    this.#timer?.cancel()
    await this.membership?.leave()
  }

  /** All partitions of the topics that are wanted, each once. */
  async #chosen(): Promise<TopicPartition[]> {
    const partitions = new Map<string, TopicPartition>()
    for (const choice of this.#options.topics) {
      const topic = typeof choice === 'string' ? choice : choice.topic
      const { length } = (await this.#driver.admin.topic(topic)).partitions
      const all = Array.from({ length }, (_, partition) => partition)
      const wanted = typeof choice === 'string' ? all : choice.partitions
      for (const partition of wanted) {
        if (!all.includes(partition)) throw partitionUnknown(topic, partition, length)
        partitions.set(keyOf({ topic, partition }), { topic, partition })
      }
    }
    return [...partitions.values()]
  }

  async #join(): Promise<void> {
    const { group, topics, instance, sessionTimeoutMs } = this.#options
    const names = [...new Set(topics as readonly string[])]
    const request = { group: group!, topics: names, instance, sessionTimeoutMs }
    this.membership = await this.#driver.join(request, {
      onRevoke: () => this.#revoke(),
      onAssign: (partitions, goesOn) => void this.#assign(partitions, goesOn),
      onError: error => void this.#rejoin(error)
    })
    // Closed meanwhile: nobody else knows of this membership.
    if (this.#ending.signal.aborted) await this.membership.leave()
  }

  async #revoke(): Promise<void> {
    this.#isPaused = true
    if (this.membership !== null) await this.#options.beforeRevoke()
  }

  /** A1, A2. */
  async #assign(partitions: readonly TopicPartition[], goesOn: boolean): Promise<void> {
    try {
      await this.#read(partitions, goesOn)
    } catch (error) {
      if (this.#ending.signal.aborted) return
      if (isMillraceError(error) && error.retriable) {
        this.#options.onRetry(error)
        this.#timer?.cancel()
        this.#timer = this.#clock.timer(
          REJOIN_MS_FIRST,
          () => void this.#assign(partitions, goesOn)
        )
        return
      }
      this.#loop.failure ??= error as Error
      this.#options.onChange()
    }
  }

  async #read(partitions: readonly TopicPartition[], goesOn: boolean): Promise<void> {
    const change = ++this.#change
    const kept = new Set(goesOn ? this.#loop.places.map(keyOf) : [])
    const fresh = partitions.filter(place => !kept.has(keyOf(place)))
    const starts = new Map(
      (await this.#starts(fresh)).map(each => [keyOf(each), each.offset] as const)
    )
    const ends = this.#options.stopAtEnd ? await this.#ends(fresh) : null
    if (change !== this.#change || this.#ending.signal.aborted) return
    // Asked for now: a place that was sought meanwhile is another one.
    const before = new Map(this.#loop.places.map(place => [keyOf(place), place]))
    const places = partitions.map(place => {
      const key = keyOf(place)
      if (kept.has(key)) return before.get(key)!
      return newPlace(place, starts.get(key)!, ends?.get(key) ?? null)
    })
    this.#isPaused = false
    this.#isSettled = true
    this.#loop.assign(places)
    this.#options.onChange()
  }

  /** A1. */
  async #starts(partitions: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    if (partitions.length === 0) return []
    const { group, from, isolation } = this.#options
    const { admin } = this.#driver
    const stored = new Map(
      (group === null ? [] : await admin.positions(group, true)).map(each => [
        keyOf(each),
        each.offset
      ])
    )
    const others = partitions.filter(place => !stored.has(keyOf(place)))
    const found = others.length === 0 ? [] : await startOffsets(admin, others, from, isolation)
    const known = partitions.flatMap(({ topic, partition }) => {
      const offset = stored.get(keyOf({ topic, partition }))
      return offset === undefined ? [] : [{ topic, partition, offset }]
    })
    return [...known, ...found]
  }

  async #ends(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    if (partitions.length === 0) return new Map()
    const { isolation } = this.#options
    const ends = await startOffsets(this.#driver.admin, partitions, 'end', isolation)
    return new Map(ends.map(each => [keyOf(each), each.offset]))
  }

  /** A3. */
  async #rejoin(failure: Error): Promise<void> {
    let error: unknown = failure
    for (let attempt = 0; !this.#ending.signal.aborted; attempt++) {
      if (!isMillraceError(error) || !error.retriable) {
        this.#loop.failure ??= error as Error
        this.#options.onChange()
        return
      }
      this.#options.onRetry(error)
      this.#isPaused = true
      await this.membership?.leave()
      const delayMs = Math.min(REJOIN_MS_MAX, REJOIN_MS_FIRST * 2 ** Math.min(10, attempt))
      try {
        await this.#clock.sleep(delayMs, this.#ending.signal)
        await this.#join()
        return
      } catch (next) {
        error = next
      }
    }
  }

  /** Partitions that are added to a topic are read from their beginning. */
  #look(): void {
    this.#timer = this.#clock.timer(
      LOOK_MS,
      () => {
        void this.#addNew().catch((error: unknown) => this.#options.onRetry(error as Error))
        this.#look()
      },
      { unref: true }
    )
  }

  async #addNew(): Promise<void> {
    const partitions = await this.#chosen()
    const places = new Map(this.#loop.places.map(place => [keyOf(place), place]))
    const fresh = partitions.filter(place => !places.has(keyOf(place)))
    if (fresh.length === 0 || this.#ending.signal.aborted) return
    const { isolation } = this.#options
    const starts = await startOffsets(this.#driver.admin, fresh, 'beginning', isolation)
    const added = starts.map(start => newPlace(start, start.offset, null))
    this.#loop.assign([...this.#loop.places, ...added])
  }
}

function notRead({ topic, partition }: TopicPartition, places: readonly Place[]): MillraceError {
  const read = places.map(place => `${place.topic}/${place.partition}`).join(', ')
  return new MillraceError(
    'PARTITION_UNKNOWN',
    `${topic}/${partition} is not read by this consumer; expected was one of ${read || 'none so far'}; choose one`,
    { details: { topic, partition } }
  )
}

/** Positions under a name, without members: the consumer chose its partitions itself. */
function storedPositions(admin: DriverAdmin, group: string): Membership {
  return {
    commit: positions => admin.setPositions(group, positions),
    leave: () => Promise.resolve(),
    isMember: false
  }
}

/** Transactions take positions of members only. */
export function checkMember(membership: Membership): void {
  if (membership.isMember) return
  throw new MillraceError(
    'USAGE',
    'a consumer with chosen partitions is no member of its group, so a transaction cannot take its positions; ' +
      'expected was one that reads whole topics; leave the partitions out'
  )
}
