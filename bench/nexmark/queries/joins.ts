// The functions of q3, q4, q9, q18 and q20: joins and newest rows in keyed states.
//
// An event may come before the one that it refers to, so what has no counterpart yet waits under its key.
import { type Context, type KeyValue, type KeyedState, keyed } from 'millrace/dataflow'

import {
  AUCTION,
  BID,
  PERSON,
  bidderOf,
  categoryOf,
  expiresOf,
  idOf,
  priceOf,
  sellerOf,
  textOf,
  timeOf,
  u32At
} from '../layout.ts'

const WANTED_CATEGORY = 10
/** What stands for an auction of another category. */
const OTHER_CATEGORY = new Uint8Array(1)
/** Ids stay below it. */
const ID_BOUND = 2 ** 26

// ---- q3 ----

export interface SellerAuction {
  readonly name: string
  readonly city: string
  readonly state: string
  readonly id: number
}

type Sellers = Context<{
  readonly sellers: KeyedState<number, Uint8Array>
  readonly waiting: KeyedState<number, number[]>
}>

export function isLocalOffer(event: Uint8Array): boolean {
  if (event[0] === AUCTION) return categoryOf(event) === WANTED_CATEGORY
  if (event[0] !== PERSON) return false
  const state = textOf(event, 4)
  return state === 'OR' || state === 'ID' || state === 'CA'
}

export function sellerKey(event: Uint8Array): number {
  return event[0] === PERSON ? idOf(event) : sellerOf(event)
}

export function joinSeller(event: Uint8Array, ctx: Sellers): SellerAuction[] | undefined {
  const { sellers, waiting } = ctx.state
  if (event[0] === PERSON) {
    sellers.set(event)
    if (!waiting.has()) return undefined
    const auctions = waiting.get()
    waiting.delete()
    return auctions.map(id => sellerAuction(event, id))
  }
  if (sellers.has()) return [sellerAuction(sellers.get(), idOf(event))]
  waiting.update(ids => void ids.push(idOf(event)))
  return undefined
}

export function each(rows: SellerAuction[]): SellerAuction[] {
  return rows
}

function sellerAuction(person: Uint8Array, id: number): SellerAuction {
  return { name: textOf(person, 0), city: textOf(person, 3), state: textOf(person, 4), id }
}

// ---- q4 and q9 ----

/** What is kept of an auction: its bounds in time, and the best bid of now. */
interface OpenAuction {
  category: number
  from: number
  until: number
  price: number
  at: number
}

export interface BestBid {
  readonly category: number
  /** The price of the best bid before; 0 for none. */
  readonly before: number
  readonly price: number
}

export interface CategoryAverage {
  readonly category: number
  readonly average: number
}

export interface WinningBid {
  readonly auction: number
  readonly itemName: string
  readonly category: number
  readonly seller: number
  readonly bidder: number
  readonly price: number
  readonly at: number
}

type Auctions = Context<{
  readonly open: KeyedState<number, OpenAuction>
  readonly early: KeyedState<number, Uint8Array[]>
}>

type Winners = Context<{
  readonly open: KeyedState<number, OpenAuction>
  readonly early: KeyedState<number, Uint8Array[]>
  readonly auctions: KeyedState<number, Uint8Array>
}>

type Averages = Context<{ readonly sums: KeyedState<number, { price: number; auctions: number }> }>

export function auctionKey(event: Uint8Array): number {
  return idOf(event)
}

/** Notes an auction or a bid; gives the best bid where it changed. */
function takeBest(event: Uint8Array, { state }: Auctions): Uint8Array | undefined {
  const { open, early } = state
  if (event[0] === BID) {
    if (!open.has()) {
      early.update(bids => void bids.push(event))
      return undefined
    }
    const auction = open.get()
    if (!isBetter(event, auction)) return undefined
    auction.price = priceOf(event)
    auction.at = timeOf(event)
    open.set(auction)
    return event
  }
  const auction = {
    category: categoryOf(event),
    from: timeOf(event),
    until: expiresOf(event),
    price: 0,
    at: 0
  }
  let best: Uint8Array | undefined
  if (early.has()) {
    for (const bid of early.get()) {
      if (!isBetter(bid, auction)) continue
      best = bid
      auction.price = priceOf(bid)
      auction.at = timeOf(bid)
    }
    early.delete()
  }
  open.set(auction)
  return best
}

/** The higher price wins, of equal ones the earlier. */
function isBetter(bid: Uint8Array, auction: OpenAuction): boolean {
  const price = priceOf(bid)
  if (price < auction.price) return false
  const at = timeOf(bid)
  if (at < auction.from || at > auction.until) return false
  return price > auction.price || at < auction.at
}

export function bestPrice(event: Uint8Array, ctx: Auctions): BestBid | undefined {
  const before = ctx.state.open.get().price
  const best = takeBest(event, ctx)
  if (best === undefined || priceOf(best) === before) return undefined
  return { category: ctx.state.open.get().category, before, price: priceOf(best) }
}

export function byCategory(best: BestBid): number {
  return best.category
}

export function averagePrice(best: BestBid, ctx: Averages): KeyValue<number, CategoryAverage> {
  const { price, auctions } = ctx.state.sums.update(sums => {
    sums.price += best.price - best.before
    if (best.before === 0) sums.auctions += 1
  })
  return keyed(best.category, { category: best.category, average: price / auctions })
}

export function winningBid(
  event: Uint8Array,
  ctx: Winners
): KeyValue<number, WinningBid> | undefined {
  const { auctions } = ctx.state
  if (event[0] === AUCTION) auctions.set(event)
  const best = takeBest(event, ctx)
  if (best === undefined) return undefined
  const auction = auctions.get()
  return keyed(idOf(best), {
    auction: idOf(best),
    itemName: textOf(auction, 0),
    category: categoryOf(auction),
    seller: sellerOf(auction),
    bidder: bidderOf(best),
    price: priceOf(best),
    at: timeOf(best)
  })
}

// ---- q18 ----

type Newest = Context<{ readonly times: KeyedState<number, number> }>

export function bidderAndAuction(bid: Uint8Array): number {
  return bidderOf(bid) * ID_BOUND + idOf(bid)
}

export function newest(bid: Uint8Array, ctx: Newest): KeyValue<number, Uint8Array> | undefined {
  const { times } = ctx.state
  const at = timeOf(bid)
  if (at < times.get()) return undefined
  times.set(at)
  return keyed(bidderAndAuction(bid), bid)
}

// ---- q20 ----

export interface AuctionBid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly at: number
  readonly bidExtra: string
  readonly itemName: string
  readonly description: string
  readonly initialBid: number
  readonly reserve: number
  readonly begins: number
  readonly expires: number
  readonly seller: number
  readonly category: number
  readonly auctionExtra: string
}

type Offers = Context<{
  readonly auctions: KeyedState<number, Uint8Array>
  readonly early: KeyedState<number, Uint8Array[]>
}>

export function joinAuction(event: Uint8Array, ctx: Offers): AuctionBid[] | undefined {
  const { auctions, early } = ctx.state
  if (event[0] === BID) {
    const auction = auctions.get()
    if (auction.length > 1) return [auctionBid(event, auction)]
    if (auction.length === 0) early.update(bids => void bids.push(event))
    return undefined
  }
  const isWanted = categoryOf(event) === WANTED_CATEGORY
  auctions.set(isWanted ? event : OTHER_CATEGORY)
  if (!early.has()) return undefined
  const bids = early.get()
  early.delete()
  return isWanted ? bids.map(bid => auctionBid(bid, event)) : undefined
}

export function eachBid(rows: AuctionBid[]): AuctionBid[] {
  return rows
}

function auctionBid(bid: Uint8Array, auction: Uint8Array): AuctionBid {
  return {
    auction: idOf(bid),
    bidder: bidderOf(bid),
    price: priceOf(bid),
    channel: textOf(bid, 0),
    url: textOf(bid, 1),
    at: timeOf(bid),
    bidExtra: textOf(bid, 2),
    itemName: textOf(auction, 0),
    description: textOf(auction, 1),
    initialBid: u32At(auction, 29),
    reserve: u32At(auction, 33),
    begins: timeOf(auction),
    expires: expiresOf(auction),
    seller: sellerOf(auction),
    category: categoryOf(auction),
    auctionExtra: textOf(auction, 2)
  }
}
