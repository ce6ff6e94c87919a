// Nexmark's events as values: what the generator makes and what the oracle computes over.

/** Somebody who sells and bids. */
export interface Person {
  readonly kind: 'person'
  readonly id: number
  readonly name: string
  readonly email: string
  readonly creditCard: string
  readonly city: string
  readonly state: string
  /** Ms since 1970, as all times here. */
  readonly dateTime: number
  readonly extra: string
}

/** Something on sale. */
export interface Auction {
  readonly kind: 'auction'
  readonly id: number
  readonly itemName: string
  readonly description: string
  readonly initialBid: number
  readonly reserve: number
  readonly dateTime: number
  readonly expires: number
  readonly seller: number
  readonly category: number
  readonly extra: string
}

/** An offer. */
export interface Bid {
  readonly kind: 'bid'
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly dateTime: number
  readonly extra: string
}

/** One record of the input. */
export type NexmarkEvent = Person | Auction | Bid
