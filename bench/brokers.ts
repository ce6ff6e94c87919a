// Benches beside others in the same run: the front door, Apache Kafka and NATS JetStream, one node each.
//
// They differ in what an acknowledgement means, which is said in each row's name.
import { kafkaJars, startApacheKafka } from '../test/kafka/apache-kafka.ts'
import { Suite } from './harness.ts'
import { openFrontDoor } from './support/front-door.ts'
import { type Tools, consume, createTopic, produce } from './support/kafka-tools.ts'
import { startNats } from './support/nats.ts'

const ROUNDS = 3
/** Records a second at which acknowledgements are timed, the same for all. */
const STEADY = { '100 B': 50_000, '1 KiB': 10_000 } as const
const STEADY_S = 6
const SIZES = [
  { bytes: 100, name: '100 B', records: 1_000_000 },
  { bytes: 1_024, name: '1 KiB', records: 150_000 }
] as const

/** One of those that are compared. */
interface Rival {
  readonly name: string
  produce(run: Run & { readonly rate?: number }): Promise<{ perSecond: number; p99Ms: number }>
  consume(run: Run): Promise<number>
  stop(): Promise<void>
}

interface Run {
  readonly topic: string
  readonly records: number
  readonly bytes: number
}

const broker = kafkaJars('kafka_2.13')
const client = kafkaJars('kafka-tools')
if ('missing' in broker) throw new Error(`the suite needs Apache Kafka: ${broker.missing}`)
if ('missing' in client) throw new Error(`the suite needs Kafka's tools: ${client.missing}`)
const notMeasured = ['Several nodes with copies, which is what Kafka and NATS are made for.']

const rivals: Rival[] = []
try {
  const door = await openFrontDoor()
  rivals.push(kafkaRival('millrace (fsynced)', door.bootstrap, door.stop))
  const cached = await startApacheKafka(broker.classPath)
  rivals.push(kafkaRival('Kafka (page cache)', cached.bootstrap, cached.stop))
  const synced = await startApacheKafka(broker.classPath, ['log.flush.interval.messages=1'])
  rivals.push(kafkaRival('Kafka (fsync each batch)', synced.bootstrap, synced.stop))
  const nats = await startNats()
  if ('missing' in nats) notMeasured.push(`NATS JetStream: ${nats.missing}.`)
  else {
    rivals.push({
      name: 'NATS JetStream (page cache)',
      produce: ({ topic, ...run }) => nats.produce({ stream: topic, ...run }),
      consume: ({ topic, records }) => nats.consume({ stream: topic, records }),
      stop: nats.stop
    })
  }
  const suite = new Suite('brokers', {
    about:
      "One topic of one partition, one producer, then one consumer, over loopback on two cores. Clients: Kafka's own " +
      'performance tools (acks=all, batches up to 128 KiB); for NATS its Go library with 4,096 messages under way. ' +
      'In brackets what is so when an acknowledgement comes: fsynced, or only in the page cache of the system.',
    notMeasured
  })
  for (const size of SIZES) await compare(suite, size)
  suite.finish()
} finally {
  for (const rival of rivals) await rival.stop()
}

function kafkaRival(name: string, bootstrap: string, stop: () => Promise<void>): Rival {
  const tools: Tools = { classPath: 'classPath' in client ? client.classPath : '', bootstrap }
  const made = new Set<string>()
  return {
    name,
    async produce(run) {
      if (!made.has(run.topic)) await createTopic(tools, run.topic, 1)
      made.add(run.topic)
      return await produce(tools, run)
    },
    consume: run => consume(tools, run),
    stop
  }
}

/** Takes turns among the rivals, so that what disturbs the machine disturbs all. */
async function compare(
  suite: Suite,
  { bytes, name, records }: (typeof SIZES)[number]
): Promise<void> {
  const figures = rivals.map(rival => ({
    rival,
    produced: [] as number[],
    consumed: [] as number[],
    p99Ms: [] as number[]
  }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const { rival, produced, consumed, p99Ms } of figures) {
      const topic = `t${bytes}r${round}`
      produced.push((await rival.produce({ topic, records, bytes })).perSecond)
      consumed.push(await rival.consume({ topic, records, bytes }))
      const rate = STEADY[name]
      const steady = { topic: `s${bytes}`, records: rate * STEADY_S, bytes, rate }
      p99Ms.push((await rival.produce(steady)).p99Ms)
    }
  }
  const unit = 'records'
  for (const { rival, produced } of figures) {
    suite.rates(`produce ${name}: ${rival.name}`, { unit }, produced)
  }
  for (const { rival, consumed } of figures) {
    suite.rates(`consume ${name}: ${rival.name}`, { unit }, consumed)
  }
  for (const { rival, p99Ms } of figures) {
    suite.value(`p99 at ${STEADY[name]} a second of ${name}: ${rival.name}`, { unit: 'ms' }, p99Ms)
  }
}
