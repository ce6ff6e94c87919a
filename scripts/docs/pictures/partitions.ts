// A picture of the watermark of two partitions: the least of them, until one is idle.
import {
  constant,
  type Dataflow,
  dataflow,
  from,
  t,
  topic,
  tumbling
} from '../../../src/builder/index.ts'
import { TestDataflow } from '../../../src/testing/index.ts'
import { Svg } from './svg.ts'
import { NOON, timeAt, watermarkOf } from './time.ts'

const event = t.object('event', { at: t.timestamp })

function timed(): Dataflow {
  const stream = from(topic('events', event, { partitions: 2 }))
    .window(tumbling('5s'), {
      timestamp: 'at',
      watermark: { outOfOrderness: '1s', idleness: '6s' }
    })
    .keyBy(constant('all'))
    .aggregate(of => ({ count: of.count() }))
    .to(topic('counts', t.object('result', { count: t.u32 })))
  return dataflow('partitions').service('count', stream)
}

/** Of each second of the clock: the records that come then, and the watermark behind them. */
const ARRIVALS: readonly {
  readonly clock: number
  readonly partition: number
  readonly at: number
}[] = [
  { clock: 1, partition: 0, at: 1 },
  { clock: 2, partition: 1, at: 1.5 },
  { clock: 3, partition: 0, at: 3 },
  { clock: 4, partition: 1, at: 2.5 },
  { clock: 5, partition: 0, at: 5 },
  { clock: 7, partition: 0, at: 7 },
  { clock: 9, partition: 0, at: 8.5 },
  { clock: 12, partition: 0, at: 12 },
  { clock: 14, partition: 0, at: 13.5 }
]
const END = 16

const LEFT = 70
const TOP = 40
const SCALE = 17
const STEP = 40

/** The clock to the right, event time upwards. */
export async function partitionsPicture(): Promise<string> {
  const marks = await watermarks()
  const width = LEFT + END * STEP + 90
  const svg = new Svg(
    width,
    TOP + 15 * SCALE + 56,
    'The watermark of two partitions, one of which falls silent'
  )
  const x = (clock: number): number => LEFT + clock * STEP
  const y = (second: number): number => TOP + (15 - second) * SCALE
  svg.text([LEFT, 22], 'start strong', 'event time')
  for (let second = 0; second <= 15; second += 5) {
    svg.line([LEFT, y(second)], [x(END), y(second)], 'grid')
    svg.text([LEFT - 8, y(second) + 4], 'end small', `12:00:${String(second).padStart(2, '0')}`)
  }
  svg.line([LEFT, y(0)], [LEFT, TOP - 8], 'axis')
  svg.line([LEFT, y(0)], [x(END), y(0)], 'axis')
  svg.text([x(END), y(0) + 36], 'end strong', 'the clock →')
  for (let clock = 0; clock <= END; clock += 4) {
    svg.text([x(clock), y(0) + 18], 'middle small', `${clock} s`)
  }
  const last = ARRIVALS.findLast(({ partition }) => partition === 1)!
  const idle = marks.find(({ clock, watermark }) => clock > last.clock && watermark > last.at)!
  const silent = {
    x: x(last.clock),
    y: TOP,
    width: x(idle.clock) - x(last.clock),
    height: 15 * SCALE
  }
  svg.rect(silent, 'quiet')
  svg.text([x((last.clock + idle.clock) / 2), TOP + 16], 'middle small', 'partition 1 is silent')
  svg.text([x(idle.clock) + 4, TOP + 16], 'start small', 'and idle from here on')
  const line = marks.flatMap(({ clock, watermark }, index) => {
    const next = marks[index + 1]?.clock ?? END
    return [[x(clock), y(watermark)] as const, [x(next), y(watermark)] as const]
  })
  svg.path(line, 'mark')
  const [endX, endY] = line.at(-1)!
  svg.text([endX + 4, endY + 4], 'start mark', 'watermark')
  for (const { clock, partition, at } of ARRIVALS) {
    svg.dot([x(clock), y(at)], partition === 0 ? 'one' : 'two')
  }
  svg.dot([LEFT + 110, 18], 'one')
  svg.text([LEFT + 120, 22], 'start small', 'records of partition 0')
  svg.dot([LEFT + 270, 18], 'two')
  svg.text([LEFT + 280, 22], 'start small', 'of partition 1')
  return svg.toString()
}

/** The watermark at each second at which it moved. */
async function watermarks(): Promise<{ readonly clock: number; readonly watermark: number }[]> {
  await using kit = await TestDataflow.open(timed(), { now: NOON })
  const marks: { clock: number; watermark: number }[] = []
  for (let clock = 1; clock <= END; clock++) {
    await kit.advanceTo(timeAt(clock))
    const coming = ARRIVALS.filter(arrival => arrival.clock === clock)
    if (coming.length > 0) {
      await kit.feedRecords(
        'events',
        coming.map(({ partition, at }) => ({ partition, value: { at: timeAt(at) } }))
      )
    }
    const watermark = await watermarkOf(kit)
    if (watermark === null || marks.at(-1)?.watermark === watermark) continue
    marks.push({ clock, watermark: Math.max(0, watermark) })
  }
  return marks
}
