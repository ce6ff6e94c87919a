// What Nexmark's queries come to, computed naively over all events at once.
//
// Rows are compared without order. Of queries whose rows replace each other the newest of each key is meant.
import type { Auction, Bid, NexmarkEvent, Person } from '../../bench/nexmark/model.ts'

type Row = Readonly<Record<string, unknown>>

const SECOND_MS = 1_000
const DAY_MS = 86_400_000

/** The rows of each query, by its name. q12 depends on the clock: see {@link bidsPerBidder}. */
export function oracleOf(events: readonly NexmarkEvent[]): Readonly<Record<string, Row[]>> {
  const bids = events.filter(event => event.kind === 'bid')
  const auctions = events.filter(event => event.kind === 'auction')
  const people = events.filter(event => event.kind === 'person')
  return {
    q0: bids.map(bid => ({ ...bid })),
    q1: bids.map(bid => ({ ...bid, price: euros(bid) })),
    q2: bids
      .filter(bid => bid.auction % 123 === 0)
      .map(({ auction, price }) => ({ auction, price })),
    q3: localOffers(auctions, people),
    q4: averages(auctions, bids),
    q5: hotAuctions(bids),
    q7: highestBids(bids),
    q8: newSellers(auctions, people),
    q9: auctions.flatMap(auction => {
      const bid = winner(auction, bids)
      const { id, itemName, category, seller } = auction
      if (bid === undefined) return []
      const { bidder, price, dateTime: at } = bid
      return [{ auction: id, itemName, category, seller, bidder, price, at }]
    }),
    q11: sessions(bids),
    q14: bids.flatMap(ratedBid),
    q15: [...groups(bids, dayOf)].map(([day, of]) => ({ day, ...statistics(of) })),
    q16: [...groups(bids, bid => `${dayOf(bid)} ${bid.channel}`).values()].map(of => ({
      channel: of[0]!.channel,
      day: dayOf(of[0]!),
      lastMinute: new Date(Math.max(...of.map(bid => bid.dateTime))).toISOString().slice(11, 16),
      ...statistics(of)
    })),
    q17: [...groups(bids, bid => `${dayOf(bid)} ${bid.auction}`).values()].map(auctionDay),
    q18: [...groups(bids, bid => `${bid.bidder} ${bid.auction}`).values()].map(of => ({
      ...of.reduce((best, bid) => (bid.dateTime >= best.dateTime ? bid : best))
    })),
    q20: joinedBids(auctions, bids),
    q21: bids.flatMap(channelBid),
    q22: bids.map(({ auction, bidder, price, channel, url }) => {
      const [, , , dir1, dir2, dir3] = url.split('/')
      return { auction, bidder, price, channel, dir1, dir2, dir3 }
    })
  }
}

/** How many bids each bidder made. */
export function bidsPerBidder(events: readonly NexmarkEvent[]): ReadonlyMap<number, number> {
  const bids = events.filter(event => event.kind === 'bid')
  return new Map(
    [...groups(bids, bid => bid.bidder)].map(([bidder, of]) => [bidder, of.length] as const)
  )
}

function groups<K, V>(values: readonly V[], keyOf: (value: V) => K): Map<K, V[]> {
  const found = new Map<K, V[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = found.get(key)
    if (group === undefined) found.set(key, [value])
    else group.push(value)
  }
  return found
}

function euros({ price }: Bid): number {
  return Math.floor((price * 908) / 1_000)
}

function dayOf({ dateTime }: Bid): number {
  return dateTime - (dateTime % DAY_MS)
}

function localOffers(auctions: readonly Auction[], people: readonly Person[]): Row[] {
  return auctions.flatMap(auction =>
    people
      .filter(({ id, state }) => id === auction.seller && ['OR', 'ID', 'CA'].includes(state))
      .filter(() => auction.category === 10)
      .map(({ name, city, state }) => ({ name, city, state, id: auction.id }))
  )
}

/** The highest bid while an auction was open, of equal ones the earliest. */
function winner(auction: Auction, bids: readonly Bid[]): Bid | undefined {
  return bids
    .filter(bid => bid.auction === auction.id)
    .filter(bid => bid.dateTime >= auction.dateTime && bid.dateTime <= auction.expires)
    .toSorted((a, b) => b.price - a.price || a.dateTime - b.dateTime)[0]
}

function averages(auctions: readonly Auction[], bids: readonly Bid[]): Row[] {
  const sold = auctions.flatMap(auction => {
    const bid = winner(auction, bids)
    return bid === undefined ? [] : [{ category: auction.category, price: bid.price }]
  })
  return [...groups(sold, ({ category }) => category)].map(([category, of]) => ({
    category,
    average: of.reduce((sum, { price }) => sum + price, 0) / of.length
  }))
}

function hotAuctions(bids: readonly Bid[]): Row[] {
  const size = 10 * SECOND_MS
  const slide = 2 * SECOND_MS
  const starts = new Set<number>()
  for (const { dateTime } of bids) {
    for (let start = dateTime - (dateTime % slide); start > dateTime - size; start -= slide) {
      starts.add(start)
    }
  }
  return [...starts].map(start => {
    const inside = bids.filter(bid => bid.dateTime >= start && bid.dateTime < start + size)
    const counts = [...groups(inside, bid => bid.auction)]
    const most = Math.max(...counts.map(([, of]) => of.length))
    const auctions = counts.filter(([, of]) => of.length === most).map(([auction]) => auction)
    return { start, end: start + size, auctions: auctions.toSorted((a, b) => a - b), bids: most }
  })
}

function tumbling<V extends { readonly dateTime: number }>(values: readonly V[]): Map<number, V[]> {
  return groups(values, ({ dateTime }) => dateTime - (dateTime % (10 * SECOND_MS)))
}

function highestBids(bids: readonly Bid[]): Row[] {
  return [...tumbling(bids)].map(([start, inside]) => {
    const price = Math.max(...inside.map(bid => bid.price))
    const highest = inside
      .filter(bid => bid.price === price)
      .map(({ auction, bidder, dateTime: at }) => ({ auction, bidder, price, at }))
    return { start, end: start + 10 * SECOND_MS, bids: highest }
  })
}

function newSellers(auctions: readonly Auction[], people: readonly Person[]): Row[] {
  const sellers = tumbling(auctions)
  return [...tumbling(people)].flatMap(([start, inside]) =>
    inside
      .filter(({ id }) => sellers.get(start)?.some(({ seller }) => seller === id) === true)
      .map(({ id, name }) => ({ id, name, start, end: start + 10 * SECOND_MS }))
  )
}

function sessions(bids: readonly Bid[]): Row[] {
  const gap = 10 * SECOND_MS
  const rows: Row[] = []
  for (const [bidder, of] of groups(bids, bid => bid.bidder)) {
    const times = of.map(bid => bid.dateTime).toSorted((a, b) => a - b)
    let first = 0
    times.forEach((time, index) => {
      const next = times[index + 1]
      if (next !== undefined && next < time + gap) return
      rows.push({ bidder, bids: index + 1 - first, start: times[first], end: time + gap })
      first = index + 1
    })
  }
  return rows
}

function ratedBid(bid: Bid): Row[] {
  if (bid.price * 0.908 <= 1_000_000 || bid.price * 0.908 >= 50_000_000) return []
  const { auction, bidder, dateTime: at, extra } = bid
  const hour = new Date(at).getUTCHours()
  const timeType =
    hour >= 8 && hour <= 18 ? 'dayTime' : hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
  const letters = [...extra].filter(letter => letter === 'c').length
  return [{ auction, bidder, price: euros(bid), timeType, at, extra, letters }]
}

function ranks(bids: readonly Bid[]): readonly (readonly Bid[])[] {
  return [
    bids,
    bids.filter(({ price }) => price < 10_000),
    bids.filter(({ price }) => price >= 10_000 && price < 1_000_000),
    bids.filter(({ price }) => price >= 1_000_000)
  ]
}

function statistics(bids: readonly Bid[]): Row {
  const by = ranks(bids)
  return {
    total: by.map(of => of.length),
    bidders: by.map(of => new Set(of.map(bid => bid.bidder)).size),
    auctions: by.map(of => new Set(of.map(bid => bid.auction)).size)
  }
}

function auctionDay(bids: readonly Bid[]): Row {
  const prices = bids.map(bid => bid.price)
  const sum = prices.reduce((all, price) => all + price, 0)
  return {
    auction: bids[0]!.auction,
    day: dayOf(bids[0]!),
    total: ranks(bids).map(of => of.length),
    min: Math.min(...prices),
    max: Math.max(...prices),
    average: sum / prices.length,
    sum
  }
}

function joinedBids(auctions: readonly Auction[], bids: readonly Bid[]): Row[] {
  const wanted = new Map(auctions.filter(each => each.category === 10).map(each => [each.id, each]))
  return bids.flatMap(bid => {
    const auction = wanted.get(bid.auction)
    if (auction === undefined) return []
    return [
      {
        auction: bid.auction,
        bidder: bid.bidder,
        price: bid.price,
        channel: bid.channel,
        url: bid.url,
        at: bid.dateTime,
        bidExtra: bid.extra,
        itemName: auction.itemName,
        description: auction.description,
        initialBid: auction.initialBid,
        reserve: auction.reserve,
        begins: auction.dateTime,
        expires: auction.expires,
        seller: auction.seller,
        category: auction.category,
        auctionExtra: auction.extra
      }
    ]
  })
}

function channelBid({ auction, bidder, price, channel, url }: Bid): Row[] {
  const known = ['Apple', 'Google', 'Facebook', 'Baidu'].indexOf(channel)
  const inUrl = new URLSearchParams(url.split('?')[1]).get('channel_id')
  const channelId = known >= 0 ? String(known) : inUrl
  return channelId === null ? [] : [{ auction, bidder, price, channel, channelId }]
}
