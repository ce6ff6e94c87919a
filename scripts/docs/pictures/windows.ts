// A picture of the kinds of windows: the same records, and the windows that the engine puts them into.
import {
  constant,
  count,
  type Dataflow,
  dataflow,
  from,
  global,
  session,
  sliding,
  t,
  topic,
  tumbling,
  type WindowNode
} from '../../../src/builder/index.ts'
import { TestDataflow } from '../../../src/testing/index.ts'
import { Svg } from './svg.ts'
import { NOON, secondAt, timeAt } from './time.ts'

const event = t.object('event', { at: t.timestamp })
const result = t.object('result', {
  start: t.f64,
  end: t.f64,
  first: t.timestamp,
  last: t.timestamp,
  count: t.u32
})

function windowed(shape: WindowNode): Dataflow {
  const stream = from(topic('events', event))
    .window(shape, { timestamp: 'at' })
    .keyBy(constant('all'))
    .aggregate(of => ({
      start: of.windowStart(),
      end: of.windowEnd(),
      first: of.min('at'),
      last: of.max('at'),
      count: of.count()
    }))
    .to(topic('results', result))
  return dataflow('windows').service('count', stream)
}

interface Result {
  readonly start: number
  readonly end: number
  readonly first: number
  readonly last: number
  readonly count: number
}

/** The windows of a shape, in seconds behind noon. */
async function windowsOf(shape: WindowNode, seconds: readonly number[]): Promise<Result[]> {
  await using kit = await TestDataflow.open(windowed(shape), { now: NOON })
  await kit.feed(
    'events',
    seconds.map(at => ({ at: timeAt(at) }))
  )
  await kit.endEventTime()
  const results = (await kit.take('results')) as Result[]
  return results.map(({ start, end, first, last, count: records }) => ({
    start: secondAt(start),
    end: secondAt(end),
    first: secondAt(first),
    last: secondAt(last),
    count: records
  }))
}

const SECONDS = [1, 3, 4, 8, 12, 13, 21, 23, 24, 27]
const LENGTH = 30
const LEFT = 190
const SCALE = 20
const LANE = 26

const ROWS: readonly {
  readonly name: string
  readonly said: string
  readonly shape: WindowNode
  /** Whether its bounds are those of its records. */
  readonly isOfRecords: boolean
}[] = [
  { name: 'tumbling', said: 'duration: 10s', shape: tumbling('10s'), isOfRecords: false },
  {
    name: 'sliding',
    said: 'duration: 10s, slide: 5s',
    shape: sliding('10s', '5s'),
    isOfRecords: false
  },
  { name: 'session', said: 'gap: 5s', shape: session('5s'), isOfRecords: false },
  { name: 'count', said: 'records: 4', shape: count(4), isOfRecords: true },
  { name: 'global', said: '', shape: global(), isOfRecords: true }
]

/** One row a kind; each window with how many records it has. */
export async function windowsPicture(): Promise<string> {
  const rows = await Promise.all(
    ROWS.map(async row => ({ ...row, windows: await windowsOf(row.shape, SECONDS) }))
  )
  const placed = rows.map(row => ({ ...row, lanes: lanesOf(row.windows) }))
  const height = placed.reduce((sum, { lanes }) => sum + lanes.length * LANE + 16, 70) + 20
  const svg = new Svg(LEFT + LENGTH * SCALE + 30, height, 'Windows of the same records')
  const x = (second: number): number =>
    LEFT + Math.min(Math.max(second, -0.7), LENGTH + 0.7) * SCALE
  svg.text([10, 40], 'start strong', 'records of one key')
  for (let second = 0; second <= LENGTH; second += 5) {
    svg.line([x(second), 56], [x(second), height - 10], 'grid')
    svg.text([x(second), 18], 'middle small', `:${String(second).padStart(2, '0')}`)
  }
  svg.line([x(-0.7), 36], [x(LENGTH + 0.7), 36], 'axis')
  for (const second of SECONDS) svg.dot([x(second), 36], 'one')
  let top = 70
  for (const { name, said, lanes, isOfRecords } of placed) {
    svg.text([10, top + 11], 'start strong', name)
    svg.text([10, top + 25], 'start small', said)
    for (const [lane, windows] of lanes.entries()) {
      for (const window of windows) {
        const from = x(isOfRecords ? window.first - 0.4 : window.start)
        const to = x(isOfRecords ? window.last + 0.4 : window.end)
        const y = top + lane * LANE
        svg.rect(
          { x: from + 1.5, y, width: to - from - 3, height: LANE - 5 },
          lane % 2 === 0 ? 'one' : 'two'
        )
        svg.text([(from + to) / 2, y + 15], 'middle small', String(window.count))
      }
    }
    top += lanes.length * LANE + 16
  }
  return svg.toString()
}

/** Windows that overlap stand in lanes of their own. */
function lanesOf(windows: readonly Result[]): Result[][] {
  const lanes: Result[][] = []
  for (const window of windows.toSorted((a, b) => a.start - b.start || a.first - b.first)) {
    const lane = lanes.find(others => {
      const last = others.at(-1)!
      return last.end <= window.start || (last.start === window.start && last.last < window.first)
    })
    if (lane === undefined) lanes.push([window])
    else lane.push(window)
  }
  return lanes
}
