// A picture of a join with versions: which price each trade gets, as the engine says.
import {
  type Dataflow,
  dataflow,
  events,
  from,
  join,
  t,
  topic,
  versions
} from '../../../src/builder/index.ts'
import { TestDataflow } from '../../../src/testing/index.ts'
import { Svg } from './svg.ts'
import { NOON, secondAt, timeAt } from './time.ts'

const quote = t.object('quote', { symbol: t.string, price: t.u32, at: t.timestamp })
const trade = t.object('trade', { symbol: t.string, at: t.timestamp })
const pair = t.object('pair', { trade, quote: t.optional(quote) })

function joined(): Dataflow {
  const pairs = join(
    events('trade', from(topic('trades', trade)), { key: 'symbol', timestamp: 'at' }),
    versions('quote', from(topic('quotes', quote)), { key: 'symbol', timestamp: 'at' }),
    { kind: 'left', watermark: { outOfOrderness: '5s' } }
  )
  return dataflow('versions').service('price', pairs.to(topic('pairs', pair)))
}

interface Pair {
  readonly trade: { readonly at: number }
  readonly quote?: { readonly at: number; readonly price: number } | null
}

const QUOTES = [
  { at: 3, price: 10 },
  { at: 16, price: 9 },
  { at: 9, price: 12 },
  { at: 24, price: 11 }
] as const
const TRADES = [1, 5, 12, 8.5, 18, 22, 27] as const
const LENGTH = 30
const LEFT = 100
const SCALE = 20

/** Versions as bars, trades below them, each with a line to its price. */
export async function versionsPicture(): Promise<string> {
  const pairs = await pairsOf()
  const svg = new Svg(
    LEFT + LENGTH * SCALE + 30,
    190,
    'Each trade gets the price that held at its time'
  )
  const x = (second: number): number => LEFT + second * SCALE
  for (let second = 0; second <= LENGTH; second += 5) {
    svg.line([x(second), 26], [x(second), 160], 'grid')
    svg.text([x(second), 18], 'middle small', `:${String(second).padStart(2, '0')}`)
  }
  svg.text([10, 60], 'start strong', 'prices')
  svg.text([10, 134], 'start strong', 'trades')
  const sorted = QUOTES.toSorted((a, b) => a.at - b.at)
  for (const [index, { at, price }] of sorted.entries()) {
    const end = sorted[index + 1]?.at ?? LENGTH
    const style = index % 2 === 0 ? 'one' : 'two'
    svg.rect({ x: x(at) + 1, y: 42, width: (end - at) * SCALE - 2, height: 26 }, style)
    svg.text([x(at) + 8, 59], 'start small', `${price}`)
  }
  for (const {
    trade: { at },
    quote: found
  } of pairs) {
    const index = sorted.findIndex(one => one.at === found?.at)
    const style = index < 0 ? 'late' : index % 2 === 0 ? 'one' : 'two'
    if (found) svg.line([x(at), 124], [x(at), 69], style)
    if (found) svg.dot([x(at), 130], style)
    else svg.cross([x(at), 130], style)
    svg.text([x(at), 154], 'middle small', found ? `${found.price}` : 'null')
  }
  return svg.toString()
}

/** What comes out, with times in seconds. */
async function pairsOf(): Promise<Pair[]> {
  await using kit = await TestDataflow.open(joined(), { now: NOON })
  await kit.feed(
    'quotes',
    QUOTES.map(({ at, price }) => ({ symbol: 'A', price, at: timeAt(at) }))
  )
  await kit.feed(
    'trades',
    TRADES.map(at => ({ symbol: 'A', at: timeAt(at) }))
  )
  await kit.endEventTime()
  return ((await kit.take('pairs')) as Pair[]).map(found => ({
    trade: { at: secondAt(found.trade.at) },
    quote: found.quote ? { at: secondAt(found.quote.at), price: found.quote.price } : null
  }))
}
