// Benches of src/functions: messages through functions in one task on the disk log, exactly once.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import {
  type StatefulFunction,
  addressOf,
  intType,
  messageTo,
  statefulFunction,
  stringType,
  valueSpec
} from '../src/functions/index.ts'
import { Suite } from './harness.ts'
import type { LoadReport } from './support/functions-load.ts'
import { FunctionsWorld } from './support/functions-world.ts'

const ADDRESSES = 10_000
const RECORDS = 200_000
/** Delayed messages that wait. */
const PENDING = 1_000_000

const world = await FunctionsWorld.open()

const suite = new Suite('functions', {
  about:
    `invocations of functions in process, one task in one thread, durable and exactly once on the disk log; ` +
    `counters have one value of type int`,
  notMeasured: ['Remote functions over HTTP.', 'Tasks in threads: all of an application share one.']
})

const count = valueSpec({ name: 'count', type: intType })

const counter = statefulFunction({
  typename: 'bench/counter',
  specs: [count],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
  }
})

/** Counts, and hands on to the next of `length` functions. */
function chain(length: number): StatefulFunction[] {
  return Array.from({ length }, (_, at) => {
    const next = `bench/chain-${at + 1}`
    return statefulFunction({
      typename: `bench/chain-${at}`,
      specs: [count],
      handler(context) {
        const { count } = context.storage
        const sum = (count.get() ?? 0) + 1
        count.set(sum)
        if (at < length - 1) {
          context.send(messageTo(addressOf(next, context.self.id), sum, intType))
        }
      }
    })
  })
}

const FAN = 10

const asker = statefulFunction({
  typename: 'bench/asker',
  specs: [count],
  handler(context, message) {
    if (message.isString()) {
      const { count } = context.storage
      count.set((count.get() ?? 0) + 1)
      return
    }
    for (let index = 0; index < FAN; index++) {
      const to = addressOf('bench/answerer', `${context.self.id}-${index}`)
      context.send(messageTo(to, index, intType))
    }
  }
})

const answerer = statefulFunction({
  typename: 'bench/answerer',
  specs: [count],
  handler(context) {
    const { count } = context.storage
    count.set((count.get() ?? 0) + 1)
    context.send(messageTo(context.caller!, 'done', stringType))
  }
})

/** Runs a new application to the end of a topic; gives how many invocations there were. */
async function run(
  topic: string,
  functions: readonly StatefulFunction[],
  tasks = 1
): Promise<number> {
  const { invocations } = await world.run(topic, functions[0]!.typename, { functions, tasks })
  if (invocations === 0) throw new Error(`nothing came from ${topic}`)
  return invocations
}

await world.fill('spread', RECORDS, ADDRESSES)
await world.fill('hot', RECORDS, 1)
await world.fill('some', RECORDS * 0.3, ADDRESSES)
await world.fill('few', RECORDS / 10, ADDRESSES)

const invocations = { unit: 'invocations', warmup: 1, runs: 3 }
await suite.measure('counter, 10,000 addresses', { ...invocations, goal: 100_000 }, () =>
  run('spread', [counter])
)
await suite.measure('counter, one hot address', { ...invocations, goal: 50_000 }, () =>
  run('hot', [counter])
)
await suite.measure('chain of 3', { ...invocations, goal: 100_000 }, () => run('some', chain(3)))
await suite.measure('chain of 3, one ingress partition, 4 tasks', invocations, () =>
  run('some', chain(3), 4)
)
await suite.measure('chain of 9', { ...invocations, goal: 100_000 }, () => run('few', chain(9)))
await suite.measure('fan-out of 10 with reply', { ...invocations, goal: 100_000 }, () =>
  run('few', [asker, answerer])
)

await world.close()

/** Loads an application in a process of its own; in the same folder again it is a restart. */
function load(place: string): LoadReport {
  const script = join(import.meta.dirname, 'support/functions-load.ts')
  const args = [...process.execArgv, script, 'timers', place, String(PENDING)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as LoadReport
}

const place = join(world.folder, 'timers')
const [first, again] = [load(place), load(place)]
if (first.pending !== PENDING || again.pending !== PENDING) throw new Error('messages are missing')
const name = `${PENDING / 1e6} M delayed messages with tokens`
suite.value(`${name}: most memory while they come`, { unit: 'MB', goal: 500 }, [first.rssPeakMb])
suite.value(`${name}: memory after a restart`, { unit: 'MB', goal: 500 }, [again.rssMb])
suite.value(`${name}: start`, { unit: 'ms', goal: 300 }, [again.startMs])

suite.finish()
world.remove()
