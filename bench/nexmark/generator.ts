// The seeded generator of Nexmark's events: the same options give the same events, byte for byte.
//
// Mix, ids, hot keys, prices, times and order are those of the reference (github.com/nexmark/nexmark, and Beam's
// before it). Two things differ: the dice are seeded, and the size of a record is that of all its bytes. The
// reference adds the first person's id to bidders twice; here bidders are persons.
import { createHash } from 'node:crypto'

import { type Random, SeededRandom } from '../../src/base/index.ts'
import { BatchBuilder } from '../../src/record/index.ts'
import { writeEvent } from './layout.ts'
import type { Auction, Bid, NexmarkEvent, Person } from './model.ts'

/** What to generate. */
export interface GeneratorOptions {
  readonly count: number
  readonly seed: number
  /** Events a second, in the time of the events. */
  readonly eventsPerSecond: number
  /** Within groups of so many the order is another than that of the times. */
  readonly outOfOrderGroup: number
}

/** The benchmark's input: 10,000 events a second from the beginning of 15 July 2015 on, in order. */
export const DEFAULTS = { seed: 1, eventsPerSecond: 10_000, outOfOrderGroup: 1 } as const

const BASE_TIME_MS = Date.UTC(2015, 6, 15)
const PER_EPOCH = 50
const AUCTIONS_PER_EPOCH = 3
const FIRST_ID = 1_000
const FIRST_CATEGORY = 10
const CATEGORIES = 5
const IN_FLIGHT_AUCTIONS = 100
const ACTIVE_PEOPLE = 1_000
const ID_LEAD = 10
/** Hot ids are the multiples of it. */
const HOT_STRIDE = 100
const CHANNELS = 10_000
const BATCH_RECORDS = 1_000
const EVENT_BYTES_MAX = 4_096

const FIRST_NAMES = 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' ')
const LAST_NAMES = 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' ')
const STATES = 'AZ CA ID OR WA WY'.split(' ')
const CITIES =
  'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(',')
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple']
const ITEM_PAGE = 'item.htm?query=1'

/** Makes events. */
export class EventGenerator {
  readonly #options: GeneratorOptions
  readonly #random: Random
  readonly #hotUrls: readonly string[]
  readonly #urls: readonly string[]

  constructor(options: GeneratorOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#hotUrls = HOT_CHANNELS.map(() => this.#page())
    this.#urls = Array.from({ length: CHANNELS }, (_, channel) => {
      const page = this.#page()
      return this.#random.below(10) > 0 ? `${page}&channel_id=${channel * 7_919}` : page
    })
  }

  /** All events, in the order of the input. */
  *events(): Generator<NexmarkEvent, undefined> {
    const { count, outOfOrderGroup, eventsPerSecond } = this.#options
    for (let index = 0; index < count; index++) {
      const group = index - (index % outOfOrderGroup)
      const number = group + ((index * 953) % outOfOrderGroup)
      const time = BASE_TIME_MS + Math.floor((number * 1_000) / eventsPerSecond)
      const rest = number % PER_EPOCH
      if (rest === 0) yield this.#person(number, time)
      else if (rest <= AUCTIONS_PER_EPOCH) yield this.#auction(number, time)
      else yield this.#bid(number, time)
    }
  }

  #person(number: number, dateTime: number): Person {
    const random = this.#random
    const name = `${pick(random, FIRST_NAMES)} ${pick(random, LAST_NAMES)}`
    const email = `${this.#text(7)}@${this.#text(5)}.com`
    const creditCard = Array.from({ length: 4 }, () =>
      String(random.below(10_000)).padStart(4, '0')
    ).join(' ')
    const [city, state] = [pick(random, CITIES), pick(random, STATES)]
    const bytes = 33 + name.length + email.length + creditCard.length + city.length + state.length
    const id = FIRST_ID + lastPerson(number)
    const extra = this.#extra(bytes, 200)
    return { kind: 'person', id, name, email, creditCard, city, state, dateTime, extra }
  }

  #auction(number: number, dateTime: number): Auction {
    const random = this.#random
    const last = lastPerson(number)
    const seller = FIRST_ID + (random.below(4) > 0 ? hot(last) : this.#anyPerson(last))
    const initialBid = this.#price()
    const itemName = this.#text(20)
    const description = this.#text(100)
    return {
      kind: 'auction',
      id: FIRST_ID + lastAuction(number),
      itemName,
      description,
      initialBid,
      reserve: initialBid + this.#price(),
      dateTime,
      expires: dateTime + 1 + random.below(Math.max(1, 2 * this.#horizonMs())),
      seller,
      category: FIRST_CATEGORY + random.below(CATEGORIES),
      extra: this.#extra(43 + itemName.length + description.length, 500)
    }
  }

  #bid(number: number, dateTime: number): Bid {
    const random = this.#random
    const last = lastAuction(number)
    const people = lastPerson(number)
    const auction = FIRST_ID + (random.below(2) > 0 ? hot(last) : this.#anyAuction(last))
    const bidder = FIRST_ID + (random.below(4) > 0 ? hot(people) + 1 : this.#anyPerson(people))
    const price = this.#price()
    const isHot = random.below(2) > 0
    const which = random.below(isHot ? HOT_CHANNELS.length : CHANNELS)
    const channel = isHot ? HOT_CHANNELS[which]! : `channel-${which}`
    const url = (isHot ? this.#hotUrls : this.#urls)[which]!
    const extra = this.#extra(27 + channel.length + url.length, 100)
    return { kind: 'bid', auction, bidder, price, channel, url, dateTime, extra }
  }

  /** For how long auctions are open on average: until as many others began as are in flight. */
  #horizonMs(): number {
    const events = Math.floor((IN_FLIGHT_AUCTIONS * PER_EPOCH) / AUCTIONS_PER_EPOCH)
    return Math.floor((events * 1_000) / this.#options.eventsPerSecond)
  }

  #anyPerson(last: number): number {
    const active = Math.min(last + 1, ACTIVE_PEOPLE)
    return last + 1 - active + this.#random.below(active + ID_LEAD)
  }

  #anyAuction(last: number): number {
    const first = Math.max(last - IN_FLIGHT_AUCTIONS, 0)
    return first + this.#random.below(last - first + 1 + ID_LEAD)
  }

  #price(): number {
    return Math.round(10 ** (this.#random.fraction() * 6) * 100)
  }

  #page(): string {
    return `https://www.nexmark.com/${this.#text(3)}/${this.#text(3)}/${this.#text(3)}/${ITEM_PAGE}`
  }

  /** Padding: records have `wanted` bytes on average, a fifth more or less. */
  #extra(bytes: number, wanted: number): string {
    const missing = wanted - bytes
    if (missing <= 0) return ''
    const spread = Math.round(wanted * 0.2)
    return this.#text(Math.max(0, missing - spread + this.#random.below(2 * spread + 1)))
  }

  #text(length: number): string {
    let text = ''
    for (let left = length; left > 0; left -= 5) {
      let rest = this.#random.u32()
      for (let index = Math.min(5, left); index > 0; index--) {
        text += String.fromCharCode(97 + (rest % 26))
        rest = Math.floor(rest / 26)
      }
    }
    return text
  }
}

/** The input as a file: batches one behind the other, with the SHA-256 of all. */
export interface NexmarkFile {
  /** Of 1,000 records each; a record's timestamp is the time of its event. */
  readonly batches: readonly Uint8Array[]
  readonly bytes: number
  readonly sha256: string
}

/** Generates all events into batches. */
export function generateFile(options: GeneratorOptions): NexmarkFile {
  const builder = new BatchBuilder()
  const scratch = Buffer.alloc(EVENT_BYTES_MAX)
  const batches: Uint8Array[] = []
  const hash = createHash('sha256')
  let bytes = 0
  const end = (): void => {
    const batch = Buffer.from(builder.build())
    hash.update(batch)
    bytes += batch.length
    batches.push(batch)
  }
  for (const event of new EventGenerator(options).events()) {
    const length = writeEvent(event, scratch)
    builder.append(event.dateTime, null, scratch.subarray(0, length))
    if (builder.count === BATCH_RECORDS) end()
  }
  if (builder.count > 0) end()
  return { batches, bytes, sha256: hash.digest('hex') }
}

/** The newest person, from 0 on, when event `number` happens. */
function lastPerson(number: number): number {
  return Math.floor(number / PER_EPOCH)
}

/** The newest auction, from 0 on, when event `number` happens; 0 before the first. */
function lastAuction(number: number): number {
  const epoch = Math.floor(number / PER_EPOCH)
  const rest = number % PER_EPOCH
  if (rest === 0) return Math.max(0, epoch * AUCTIONS_PER_EPOCH - 1)
  return epoch * AUCTIONS_PER_EPOCH + Math.min(rest, AUCTIONS_PER_EPOCH) - 1
}

function hot(last: number): number {
  return Math.floor(last / HOT_STRIDE) * HOT_STRIDE
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)]!
}
