// The client over a real Apache Kafka broker, and the trap that it keeps its users out of.
import { match, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { Producer, stringSerializers } from '@platformatic/kafka'

import { clientSuite } from '../../conformance/index.ts'
import { connect } from '../../src/client/index.ts'
import { apiIdsOf } from '../../src/client/kafka/errors.ts'
import { kafkaJars, startApacheKafka, type ApacheKafka } from '../kafka/apache-kafka.ts'

const found = kafkaJars('kafka_2.13')
const skip = 'missing' in found ? found.missing : false
let kafka: Promise<ApacheKafka> | null = null
const broker = (): Promise<ApacheKafka> =>
  (kafka ??= startApacheKafka('missing' in found ? '' : found.classPath, [
    'auto.create.topics.enable=false'
  ]))

clientSuite({
  name: 'the client over Apache Kafka',
  skip,
  capabilities: {
    compressions: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    writesAhead: true,
    internalTopics: ['__consumer_offsets']
  },
  open: async () => {
    const { bootstrap } = await broker()
    const client = await connect({ kind: 'kafka', bootstrap: [bootstrap], tls: null, sasl: null })
    return { client, close: () => client.close() }
  }
})

test(
  'asking for producer 0 of epoch 0 fences a restart; asking for nobody does not',
  { skip },
  async t => {
    const { bootstrap, stop } = await broker()
    t.after(stop)
    const client = await connect({ kind: 'kafka', bootstrap: [bootstrap], tls: null, sasl: null })
    t.after(() => client.close())
    await client.admin.createTopic('trap')
    const life = async (transactionalId: string, asked: object): Promise<string> => {
      const producer = new Producer({
        clientId: 'trap',
        bootstrapBrokers: [bootstrap],
        serializers: stringSerializers,
        idempotent: true,
        transactionalId,
        retries: 0,
        ...asked
      })
      producer.on('error', () => {})
      try {
        const transaction = await producer.beginTransaction()
        await transaction.send({ messages: [{ topic: 'trap', key: 'k', value: 'v' }] })
        await transaction.commit()
        return 'done'
      } catch (error) {
        return apiIdsOf(error).join()
      } finally {
        await producer.close(true)
      }
    }
    const nobody = { producerId: -1n, producerEpoch: -1 }
    // Its first producer id is 0, which would hide the trap.
    strictEqual(await life('somebody', nobody), 'done')
    strictEqual(await life('restarted', nobody), 'done')
    strictEqual(await life('restarted', nobody), 'done')
    match(await life('restarted', {}), /PRODUCER_FENCED|INVALID_PRODUCER_EPOCH/)
    strictEqual(await life('restarted', nobody), 'done')
  }
)
