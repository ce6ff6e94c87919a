// Pictures of the watermark: drawn from what the engine does with each record as it comes.
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
import { NOON, secondAt, timeAt, watermarkOf } from './time.ts'

const event = t.object('event', { at: t.timestamp })
const result = t.object('result', { start: t.timestamp, count: t.u32 })

function counting(): Dataflow {
  const stream = from(topic('events', event))
    .window(tumbling('5s'), {
      timestamp: 'at',
      watermark: { outOfOrderness: '2s', idleness: '10s' },
      late: topic('late', event)
    })
    .keyBy(constant('all'))
    .aggregate(of => ({ start: of.windowStart(), count: of.count() }))
    .to(topic('results', result))
  return dataflow('watermark').service('count', stream)
}

/** What one record did; times are seconds behind noon. */
interface Step {
  readonly at: number
  readonly watermark: number | null
  readonly isLate: boolean
  readonly closed: readonly { readonly start: number; readonly count: number }[]
}

async function stepsOf(seconds: readonly number[]): Promise<Step[]> {
  await using kit = await TestDataflow.open(counting(), { now: NOON })
  const steps: Step[] = []
  for (const at of seconds) {
    await kit.feed('events', [{ at: timeAt(at) }])
    const closed = (await kit.take('results')) as { start: number; count: number }[]
    steps.push({
      at,
      watermark: await watermarkOf(kit),
      isLate: (await kit.take('late')).length > 0,
      closed: closed.map(({ start, count }) => ({ start: secondAt(start), count }))
    })
  }
  return steps
}

const LEFT = 70
const STEP = 54
const TOP = 40
/** Height of a second. */
const SCALE = 17

/** Records in the order of their arrival, the watermark behind them, and the windows that it closes. */
export async function watermarkPicture(): Promise<string> {
  const seconds = [1, 3, 2, 6, 4, 8, 5.5, 3.5, 11, 9, 13]
  const steps = await stepsOf(seconds)
  const width = LEFT + (steps.length + 1) * STEP + 90
  const svg = new Svg(
    width,
    TOP + 15 * SCALE + 60,
    'Event time, watermark and windows of 5 seconds'
  )
  const y = (second: number): number => TOP + (15 - second) * SCALE
  const x = (index: number): number => LEFT + (index + 0.7) * STEP
  svg.text([LEFT, 22], 'start strong', 'event time')
  for (let second = 0; second <= 15; second += 5) {
    svg.line([LEFT, y(second)], [width - 20, y(second)], 'grid')
    svg.text([LEFT - 8, y(second) + 4], 'end small', `12:00:${String(second).padStart(2, '0')}`)
  }
  svg.line([LEFT, y(0)], [LEFT, TOP - 8], 'axis')
  svg.line([LEFT, y(0)], [width - 20, y(0)], 'axis')
  svg.text([width - 20, y(0) + 40], 'end strong', 'records as they arrive →')
  for (const [index, { closed }] of steps.entries()) {
    for (const { start, count } of closed) {
      const first = steps.findIndex(({ at, isLate }) => !isLate && at >= start && at < start + 5)
      const left = x(first) - 14
      const box = { x: left, y: y(start + 5) + 3, width: x(index) - left, height: 5 * SCALE - 6 }
      svg.rect(box, 'one')
      svg.text([left + 8, y(start + 5) + 17], 'start small', `${count} records`)
      svg.text([x(index) + 5, y(start) - 5], 'start small', 'closed')
    }
  }
  const open = steps.findIndex(({ at }) => at >= 10)
  const box = {
    x: x(open) - 14,
    y: y(15) + 3,
    width: x(steps.length) - x(open),
    height: 5 * SCALE - 6
  }
  svg.rect(box, 'quiet')
  svg.text([box.x + 8, y(15) + 17], 'start small', 'still open')
  const line = steps.flatMap(({ watermark }, index) =>
    watermark === null
      ? []
      : [
          [x(index), y(Math.max(0, watermark))] as const,
          [x(index + 1), y(Math.max(0, watermark))] as const
        ]
  )
  svg.path(line, 'mark')
  const [endX, endY] = line.at(-1)!
  svg.text([endX + 4, endY + 4], 'start mark', 'watermark')
  for (const [index, { at, isLate }] of steps.entries()) {
    if (isLate) svg.cross([x(index), y(at)], 'late')
    else svg.dot([x(index), y(at)], 'one')
    svg.text([x(index), y(0) + 18], 'middle small', `:${String(at).padStart(2, '0')}`)
    if (isLate) svg.text([x(index), y(at) + 20], 'middle late small', 'late')
  }
  return svg.toString()
}
