// The functions of q0, q1, q2, q14, q21 and q22: one event in, at most one out.
import { AUCTION, BID, bidderOf, idOf, priceOf, setPrice, textOf, timeOf } from '../layout.ts'

const HOUR_MS = 3_600_000
const CHANNEL_IDS: ReadonlyMap<string, string> = new Map([
  ['apple', '0'],
  ['google', '1'],
  ['facebook', '2'],
  ['baidu', '3']
])

export interface BidPrice {
  readonly auction: number
  readonly price: number
}

export interface RatedBid extends BidPrice {
  readonly bidder: number
  readonly timeType: string
  readonly at: number
  readonly extra: string
  readonly letters: number
}

export interface ChannelBid extends BidPrice {
  readonly bidder: number
  readonly channel: string
  readonly channelId: string
}

export interface PageBid extends BidPrice {
  readonly bidder: number
  readonly channel: string
  readonly dir1: string
  readonly dir2: string
  readonly dir3: string
}

export function isBid(event: Uint8Array): boolean {
  return event[0] === BID
}

export function isAuctionOrBid(event: Uint8Array): boolean {
  return event[0] === BID || event[0] === AUCTION
}

/** Whole cents, rounded down. */
export function euros(price: number): number {
  return Math.floor((price * 908) / 1_000)
}

export function inEuros(bid: Uint8Array): Uint8Array {
  setPrice(bid, euros(priceOf(bid)))
  return bid
}

export function isChosen(event: Uint8Array): boolean {
  return event[0] === BID && idOf(event) % 123 === 0
}

export function bidPrice(bid: Uint8Array): BidPrice {
  return { auction: idOf(bid), price: priceOf(bid) }
}

export function isInRange(event: Uint8Array): boolean {
  if (event[0] !== BID) return false
  const price = priceOf(event) * 908
  return price > 1_000_000_000 && price < 50_000_000_000
}

export function rated(bid: Uint8Array): RatedBid {
  const at = timeOf(bid)
  const extra = textOf(bid, 2)
  return {
    auction: idOf(bid),
    bidder: bidderOf(bid),
    price: euros(priceOf(bid)),
    timeType: timeType(Math.floor(at / HOUR_MS) % 24),
    at,
    extra,
    letters: extra.split('c').length - 1
  }
}

export function timeType(hour: number): string {
  if (hour >= 8 && hour <= 18) return 'dayTime'
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
}

export function withChannelId(event: Uint8Array): ChannelBid | undefined {
  if (event[0] !== BID) return undefined
  const channel = textOf(event, 0)
  const channelId =
    CHANNEL_IDS.get(channel.toLowerCase()) ??
    /(?:&|^)channel_id=([^&]*)/.exec(textOf(event, 1))?.[1]
  if (channelId === undefined) return undefined
  return {
    auction: idOf(event),
    bidder: bidderOf(event),
    price: priceOf(event),
    channel,
    channelId
  }
}

export function withFolders(bid: Uint8Array): PageBid {
  const [, , , dir1 = '', dir2 = '', dir3 = ''] = textOf(bid, 1).split('/')
  return {
    auction: idOf(bid),
    bidder: bidderOf(bid),
    price: priceOf(bid),
    channel: textOf(bid, 0),
    dir1,
    dir2,
    dir3
  }
}
