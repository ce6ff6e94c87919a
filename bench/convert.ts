// Benches of record converters and state codecs: events of about 180 bytes against plain JSON.parse and JSON.stringify.
import { ByteWriter } from '../src/base/index.ts'
import type { Type } from '../src/dataflow/types.ts'
import {
  compileConverter,
  compileKeyCodec,
  compileValueCodec
} from '../src/runtime/convert/index.ts'
import { Suite } from './harness.ts'

const EVENTS = 2_000
const ROUNDS = 20
/** Events of one run: some tens of milliseconds. */
const COUNT = EVENTS * ROUNDS

const U32: Type = { kind: 'u32', bigint: false }
const TYPES: Readonly<Record<string, Type>> = {
  id: U32,
  user: { kind: 'string' },
  page: { kind: 'string' },
  amount: { kind: 'f64' },
  at: { kind: 'timestamp' },
  country: { kind: 'string' },
  items: { kind: 'list', items: U32 },
  ok: { kind: 'bool' },
  note: { kind: 'option', value: { kind: 'string' } }
}
const EVENT: Type = {
  kind: 'object',
  name: 'event',
  fields: Object.entries(TYPES).map(([name, type]) => ({
    name,
    readName: name,
    writeName: name,
    optional: false,
    type
  }))
}

function eventOf(index: number): unknown {
  return {
    id: index,
    user: `user-${(index * 7919) % 100_000}`,
    page: `/products/${index % 500}/details`,
    amount: ((index * 37) % 10_000) / 100,
    at: 1_700_000_000_000 + index * 13,
    country: ['de', 'fr', 'it'][index % 3],
    items: [index % 7, index % 11, index % 13],
    ok: index % 2 === 0,
    note: 'some words that people left here, not many'
  }
}

const texts = Array.from({ length: EVENTS }, (_, index) => JSON.stringify(eventOf(index)))
const bytes = Buffer.from(texts.join(''))
const starts = new Uint32Array(EVENTS + 1)
texts.forEach((text, index) => (starts[index + 1] = starts[index]! + Buffer.byteLength(text)))

const converter = compileConverter(EVENT, 'json')
const values = texts.map((_, index) => converter.decode(bytes, starts[index]!, starts[index + 1]!))
const parsed = texts.map(text => JSON.parse(text) as unknown)
const sink = new ByteWriter(1 << 20)
let kept: unknown

/** Runs `work` for every event, as often as one run wants. */
function forEvents(work: (index: number) => void): () => void {
  return () => {
    for (let round = 0; round < ROUNDS; round++) {
      sink.clear()
      for (let index = 0; index < EVENTS; index++) work(index)
    }
  }
}

const plain = {
  parse: (index: number): unknown =>
    JSON.parse(bytes.toString('utf8', starts[index], starts[index + 1])),
  write: (value: unknown): void => void sink.utf8(JSON.stringify(value))
}

const suite = new Suite('convert', {
  about: `events of ${Math.round(bytes.length / EVENTS)} bytes as JSON, nine fields, one thread`,
  notMeasured: [
    'Bigints beyond safe integers and decimals sent as JSON numbers: the clear version reads them, ' +
      'several times slower.',
    'Records that fail.'
  ]
})
const events = { unit: 'events', count: COUNT }

await suite.measure(
  'read and write',
  {
    ...events,
    ceiling: {
      name: 'JSON.parse and JSON.stringify',
      run: forEvents(index => plain.write(plain.parse(index)))
    },
    goalRatio: 0.6
  },
  forEvents(index =>
    converter.encode(converter.decode(bytes, starts[index]!, starts[index + 1]!), sink)
  )
)
await suite.measure(
  'read',
  {
    ...events,
    ceiling: { name: 'JSON.parse', run: forEvents(index => (kept = plain.parse(index))) }
  },
  forEvents(index => (kept = converter.decode(bytes, starts[index]!, starts[index + 1]!)))
)
await suite.measure(
  'write',
  {
    ...events,
    ceiling: { name: 'JSON.stringify', run: forEvents(index => plain.write(parsed[index])) }
  },
  forEvents(index => converter.encode(values[index], sink))
)

const count = compileValueCodec(U32)
const word = compileKeyCodec({ kind: 'string' })
await suite.measure(
  'state: a u32 to bytes and back',
  { ...events, unit: 'values' },
  forEvents(index => {
    sink.clear()
    count.encode(index, sink)
    kept = count.decode(sink.buffer, 0, sink.length)
  })
)
const keys = texts.map((_, index) => `user-${index}`)
await suite.measure(
  'state: a text key to bytes',
  { ...events, unit: 'keys' },
  forEvents(index => {
    sink.clear()
    word.encode(keys[index]!, sink)
  })
)
if (kept === undefined) throw new Error('nothing was measured')
suite.finish()
