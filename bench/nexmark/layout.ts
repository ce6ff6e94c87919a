// The binary form of Nexmark's events: numbers at fixed places, texts behind them.
//
//   all       0 kind u8 (0 person, 1 auction, 2 bid) · 1 id u32 (of a bid the auction) · 13 time u64
//   auction   5 seller u32 · 9 category u32 · 21 expires u64 · 29 initial bid u32 · 33 reserve u32 · 37 texts:
//             item name, description, extra
//   bid       5 bidder u32 · 9 price u32 · 21 texts: channel, url, extra
//   person    21 texts: name, email, credit card, city, state, extra
//
// Numbers are big endian, texts ASCII behind their length as u16. A record's value is such bytes: a topic of raw
// `bytes`, the only typeless binary form that a dataflow reads without making an object of each record.
import type { NexmarkEvent } from './model.ts'

export const PERSON = 0
export const AUCTION = 1
export const BID = 2

const AUCTION_TEXTS = 37
const OTHER_TEXTS = 21

/** Writes an event into `into`, which has room for it; gives its length. */
export function writeEvent(event: NexmarkEvent, into: Buffer): number {
  into.fill(0, 0, OTHER_TEXTS)
  into.writeUIntBE(event.dateTime, 15, 6)
  switch (event.kind) {
    case 'person': {
      into[0] = PERSON
      into.writeUInt32BE(event.id, 1)
      const { name, email, creditCard, city, state, extra } = event
      return writeTexts(into, OTHER_TEXTS, [name, email, creditCard, city, state, extra])
    }
    case 'auction':
      into[0] = AUCTION
      into.writeUInt32BE(event.id, 1)
      into.writeUInt32BE(event.seller, 5)
      into.writeUInt32BE(event.category, 9)
      into.writeUInt16BE(0, 21)
      into.writeUIntBE(event.expires, 23, 6)
      into.writeUInt32BE(event.initialBid, 29)
      into.writeUInt32BE(event.reserve, 33)
      return writeTexts(into, AUCTION_TEXTS, [event.itemName, event.description, event.extra])
    case 'bid':
      into[0] = BID
      into.writeUInt32BE(event.auction, 1)
      into.writeUInt32BE(event.bidder, 5)
      into.writeUInt32BE(event.price, 9)
      return writeTexts(into, OTHER_TEXTS, [event.channel, event.url, event.extra])
  }
}

/** The event that {@link writeEvent} wrote. */
export function readEvent(bytes: Uint8Array): NexmarkEvent {
  const id = idOf(bytes)
  const dateTime = timeOf(bytes)
  const text = (index: number): string => textOf(bytes, index)
  switch (bytes[0]) {
    case PERSON: {
      const [name, email, creditCard] = [text(0), text(1), text(2)]
      const [city, state, extra] = [text(3), text(4), text(5)]
      return { kind: 'person', id, name, email, creditCard, city, state, dateTime, extra }
    }
    case AUCTION:
      return {
        kind: 'auction',
        id,
        itemName: text(0),
        description: text(1),
        initialBid: u32At(bytes, 29),
        reserve: u32At(bytes, 33),
        dateTime,
        expires: expiresOf(bytes),
        seller: sellerOf(bytes),
        category: categoryOf(bytes),
        extra: text(2)
      }
    default: {
      const [auction, bidder, price] = [id, bidderOf(bytes), priceOf(bytes)]
      const [channel, url, extra] = [text(0), text(1), text(2)]
      return { kind: 'bid', auction, bidder, price, channel, url, dateTime, extra }
    }
  }
}

/** An unsigned number of four bytes. */
export function u32At(bytes: Uint8Array, at: number): number {
  // Hot: per record, as all that follows.
  return (
    bytes[at]! * 0x1_00_00_00 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
  )
}

/** The id of a person or an auction; of a bid the auction's. */
export function idOf(event: Uint8Array): number {
  return u32At(event, 1)
}

export function sellerOf(auction: Uint8Array): number {
  return u32At(auction, 5)
}

export function categoryOf(auction: Uint8Array): number {
  return u32At(auction, 9)
}

export function expiresOf(auction: Uint8Array): number {
  return timeAt(auction, 21)
}

export function bidderOf(bid: Uint8Array): number {
  return u32At(bid, 5)
}

export function priceOf(bid: Uint8Array): number {
  return u32At(bid, 9)
}

/** Puts another price into a bid. */
export function setPrice(bid: Uint8Array, price: number): void {
  bid[9] = price >>> 24
  bid[10] = price >>> 16
  bid[11] = price >>> 8
  bid[12] = price
}

export function timeOf(event: Uint8Array): number {
  return timeAt(event, 13)
}

/** The text number `index` of an event. */
export function textOf(event: Uint8Array, index: number): string {
  let at = event[0] === AUCTION ? AUCTION_TEXTS : OTHER_TEXTS
  for (let skipped = 0; skipped < index; skipped++) at += 2 + lengthAt(event, at)
  const length = lengthAt(event, at)
  return Buffer.from(event.buffer, event.byteOffset + at + 2, length).toString('latin1')
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

function timeAt(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at) * 0x1_0000_0000 + u32At(bytes, at + 4)
}

function writeTexts(into: Buffer, from: number, texts: readonly string[]): number {
  let at = from
  for (const text of texts) {
    into.writeUInt16BE(text.length, at)
    at += 2 + into.write(text, at + 2, 'latin1')
  }
  return at
}
