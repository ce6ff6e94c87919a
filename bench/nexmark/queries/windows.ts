// The functions of q5, q7, q8, q11, q12 and q15 to q17: what windows count and give.
import type { Context, KeyedState } from 'millrace/dataflow'

import { AUCTION, PERSON, bidderOf, idOf, priceOf, sellerOf, textOf, timeOf } from '../layout.ts'

type Counting = Context<{ readonly counts: KeyedState<number, number> }>
type CountingKey = Context<{ readonly counts: KeyedState<number, number> }, number>

// ---- q5, q11 and q12: bids by key ----

export interface HotAuctions {
  readonly start: number
  readonly end: number
  readonly auctions: number[]
  readonly bids: number
}

export interface BidderCount {
  readonly bidder: number
  readonly bids: number
  readonly start: number
  readonly end: number
}

export function byAuction(bid: Uint8Array): number {
  return idOf(bid)
}

export function byBidder(bid: Uint8Array): number {
  return bidderOf(bid)
}

export function countUp(_bid: Uint8Array, ctx: Counting): void {
  ctx.state.counts.update(addOne)
}

export function addCounts(part: { readonly counts: number }, ctx: Counting): void {
  ctx.state.counts.set(ctx.state.counts.get() + part.counts)
}

export function hottest(ctx: Counting): HotAuctions {
  let bids = 0
  let auctions: number[] = []
  for (const [auction, count] of ctx.state.counts.entries()) {
    if (count < bids) continue
    if (count > bids) auctions = []
    bids = count
    auctions.push(auction)
  }
  const { start, end } = ctx.window!
  return { start, end, auctions: auctions.toSorted((a, b) => a - b), bids }
}

export function bidderCount(ctx: CountingKey): BidderCount {
  const { start, end } = ctx.window!
  return { bidder: ctx.key, bids: ctx.state.counts.get(), start, end }
}

function addOne(count: number): number {
  return count + 1
}

// ---- q7 ----

export interface HighestBid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly at: number
}

export interface HighestBids {
  readonly start: number
  readonly end: number
  readonly bids: HighestBid[]
}

type Highest = Context<{
  readonly price: KeyedState<number, number>
  readonly bids: KeyedState<number, HighestBid[]>
}>

/** All bids belong together. */
export function together(_bid: Uint8Array): number {
  return 0
}

export function keepHighest(bid: Uint8Array, ctx: Highest): void {
  const { state } = ctx
  const price = priceOf(bid)
  const highest = state.price.get()
  if (price < highest) return
  const row = { auction: idOf(bid), bidder: bidderOf(bid), price, at: timeOf(bid) }
  if (price > highest) {
    state.price.set(price)
    state.bids.set([row])
  } else {
    state.bids.update(rows => void rows.push(row))
  }
}

export function highestBids(ctx: Highest): HighestBids {
  const { start, end } = ctx.window!
  return { start, end, bids: ctx.state.bids.at(0).get() }
}

// ---- q8 ----

export interface NewSeller {
  readonly id: number
  readonly name: string
  readonly start: number
  readonly end: number
}

type NewPeople = Context<
  { readonly names: KeyedState<number, string>; readonly sells: KeyedState<number, boolean> },
  number
>

export function isPersonOrAuction(event: Uint8Array): boolean {
  return event[0] === PERSON || event[0] === AUCTION
}

export function byPerson(event: Uint8Array): number {
  return event[0] === PERSON ? idOf(event) : sellerOf(event)
}

export function noteSeller(event: Uint8Array, ctx: NewPeople): void {
  if (event[0] === PERSON) ctx.state.names.set(textOf(event, 0))
  else if (!ctx.state.sells.has()) ctx.state.sells.set(true)
}

export function newSeller(ctx: NewPeople): NewSeller | undefined {
  const { names, sells } = ctx.state
  if (!names.has() || !sells.has()) return undefined
  const { start, end } = ctx.window!
  return { id: ctx.key, name: names.get(), start, end }
}

// ---- q15 to q17: bids of a day, by the rank of their price ----

/** Totals of bids, and how many different bidders and auctions they name: of all, and by the rank of their price. */
export interface BidStatistics {
  readonly total: number[]
  readonly bidders: number[]
  readonly auctions: number[]
}

export interface DayStatistics extends BidStatistics {
  readonly day: number
}

export interface ChannelStatistics extends BidStatistics {
  readonly channel: string
  readonly day: number
  readonly lastMinute: string
}

export interface AuctionDay {
  readonly auction: number
  readonly day: number
  readonly total: number[]
  readonly min: number
  readonly max: number
  readonly average: number
  readonly sum: number
}

interface Totals {
  all: number
  low: number
  middle: number
  high: number
}

interface Prices extends Totals {
  min: number
  max: number
  sum: number
}

/** Of each bidder and auction a bit for each rank in which it occurred. */
type Day = Context<{
  readonly totals: KeyedState<number, Totals>
  readonly bidders: KeyedState<number, number>
  readonly auctions: KeyedState<number, number>
}>

type Channels = Context<
  {
    readonly totals: KeyedState<string, Totals>
    readonly bidders: KeyedState<string, number>
    readonly auctions: KeyedState<string, number>
    readonly latest: KeyedState<string, number>
    readonly distinctBidders: KeyedState<string, Totals>
    readonly distinctAuctions: KeyedState<string, Totals>
  },
  string
>

type AuctionDays = Context<{ readonly prices: KeyedState<number, Prices> }, number>

/** 1, 2 or 4: below 10,000, below 1,000,000, above. */
export function rankOf(price: number): number {
  return price < 10_000 ? 1 : price < 1_000_000 ? 2 : 4
}

export function countDay(bid: Uint8Array, ctx: Day): void {
  const { totals, bidders, auctions } = ctx.state
  const rank = rankOf(priceOf(bid))
  totals.update(row => count(row, rank))
  see(bidders.at(bidderOf(bid)), rank)
  see(auctions.at(idOf(bid)), rank)
}

export function dayStatistics(ctx: Day): DayStatistics {
  const { totals, bidders, auctions } = ctx.state
  return {
    day: ctx.window!.start,
    total: Object.values(totals.at(0).get()),
    bidders: distinct(bidders.entries()),
    auctions: distinct(auctions.entries())
  }
}

export function byChannel(bid: Uint8Array): string {
  return textOf(bid, 0)
}

export function countChannel(bid: Uint8Array, ctx: Channels): void {
  const { totals, bidders, auctions, latest, distinctBidders, distinctAuctions } = ctx.state
  const rank = rankOf(priceOf(bid))
  totals.update(row => count(row, rank))
  const newBidder = see(bidders.at(`${ctx.key}|${bidderOf(bid)}`), rank)
  if (newBidder !== 0) distinctBidders.update(row => countFirst(row, newBidder, rank))
  const newAuction = see(auctions.at(`${ctx.key}|${idOf(bid)}`), rank)
  if (newAuction !== 0) distinctAuctions.update(row => countFirst(row, newAuction, rank))
  const at = timeOf(bid)
  if (at > latest.get()) latest.set(at)
}

export function channelStatistics(ctx: Channels): ChannelStatistics | undefined {
  const { totals, latest, distinctBidders, distinctAuctions } = ctx.state
  // The keys of the sets are no channels.
  if (!totals.has()) return undefined
  return {
    channel: ctx.key,
    day: ctx.window!.start,
    lastMinute: new Date(latest.get()).toISOString().slice(11, 16),
    total: Object.values(totals.get()),
    bidders: Object.values(distinctBidders.get()),
    auctions: Object.values(distinctAuctions.get())
  }
}

export function addPrice(bid: Uint8Array, ctx: AuctionDays): void {
  const price = priceOf(bid)
  ctx.state.prices.update(row => {
    row.min = row.all === 0 ? price : Math.min(row.min, price)
    row.max = Math.max(row.max, price)
    row.sum += price
    count(row, rankOf(price))
  })
}

export function auctionDay(ctx: AuctionDays): AuctionDay {
  const { all, low, middle, high, min, max, sum } = ctx.state.prices.get()
  const total = [all, low, middle, high]
  const { start } = ctx.window!
  return { auction: ctx.key, day: start, total, min, max, average: sum / all, sum }
}

function count(row: Totals, rank: number): void {
  row.all += 1
  if (rank === 1) row.low += 1
  else if (rank === 2) row.middle += 1
  else row.high += 1
}

/** Notes a rank; gives 0 where it was known, 1 where another was, 2 where none was. */
function see(seen: { get(): number; set(ranks: number): void }, rank: number): number {
  const ranks = seen.get()
  if ((ranks & rank) !== 0) return 0
  seen.set(ranks | rank)
  return ranks === 0 ? 2 : 1
}

function countFirst(row: Totals, news: number, rank: number): void {
  count(row, rank)
  if (news === 1) row.all -= 1
}

function distinct(entries: Iterable<[number, number]>): number[] {
  const counts = [0, 0, 0, 0]
  for (const [, ranks] of entries) {
    counts[0]! += 1
    if ((ranks & 1) !== 0) counts[1]! += 1
    if ((ranks & 2) !== 0) counts[2]! += 1
    if ((ranks & 4) !== 0) counts[3]! += 1
  }
  return counts
}
