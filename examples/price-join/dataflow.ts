// What trades were worth, each with the price that held at its time: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, events, from, join, t, topic, versions } from 'millrace/dataflow'

const quote = t.object('quote', { symbol: t.string, price: t.u32, at: t.timestamp }) // cents
const trade = t.object('trade', { id: t.u32, symbol: t.string, shares: t.u32, at: t.timestamp })
const valued = t.object('valued', {
  trade: t.u32,
  symbol: t.string,
  shares: t.u32,
  price: t.optional(t.u32),
  worth: t.optional(t.u64)
})
const turnover = t.object('turnover', {
  symbol: t.string,
  trades: t.u32,
  shares: t.u64,
  worth: t.u64
})

const valuedTrades = topic('valued', { key: t.string, value: valued })

const value = join(
  events('trade', from(topic('trades', trade)), { key: 'symbol', timestamp: 'at' }),
  versions('quote', from(topic('quotes', quote)), { key: 'symbol', timestamp: 'at' }),
  { kind: 'left', watermark: { outOfOrderness: '10s' } }
)
  .typed(valued)
  .map(function withPrice({ trade, quote }) {
    const { id, symbol, shares } = trade
    if (quote === null) return { trade: id, symbol, shares }
    return { trade: id, symbol, shares, price: quote.price, worth: shares * quote.price }
  })
  .to(valuedTrades)

const sumUp = from(valuedTrades)
  .keyBy('symbol')
  .aggregate(of => ({
    symbol: of.key(),
    trades: of.count('worth'),
    shares: of.sum('shares'),
    worth: of.sum('worth')
  }))
  .to(topic('turnovers', { key: t.string, value: turnover }))

export const flow: Dataflow = dataflow('price-join', { namespace: 'examples', version: '0.1.0' })
  .service('value', value)
  .service('sum-up', sumUp)
