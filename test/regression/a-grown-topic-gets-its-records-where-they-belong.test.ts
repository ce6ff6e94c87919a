// A topic grew while a producer was open. The Kafka client below ours still counted the partitions of before, and
// folded those beyond into them: keys went to partitions where nobody looked for them, for five minutes.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { connect, text } from '../../src/client/index.ts'
import { finallyIn, startOn, stop, temporaryFolder } from '../kafka/kit.ts'

test('records for partitions that were added since the last send go into these', async t => {
  const broker = await startOn(temporaryFolder(t))
  finallyIn(t, () => stop(broker))
  const client = await connect({ bootstrap: broker.bootstrap })
  finallyIn(t, () => client.close())
  const { admin } = client
  await admin.createTopic('t', { partitions: 1 })
  const types = { key: text, value: text }
  const producer = await client.producer({ types })
  const both = await client.producer({ types, transactionalId: 'tx' })
  await producer.send({ topic: 't', value: 'before' })
  await both.transaction(scope => scope.send([{ topic: 't', value: 'before' }]))
  await admin.addPartitions('t', 3)
  await producer.send({ topic: 't', value: 'plain', partition: 1 })
  await both.transaction(scope => scope.send([{ topic: 't', value: 'together', partition: 2 }]))
  const consumer = await client.consumer({
    topics: [{ topic: 't', partitions: [1, 2] }],
    types,
    stopAtEnd: true
  })
  const seen: [number, string | null][] = []
  for await (const { partition, value } of consumer) seen.push([partition, value])
  deepStrictEqual(seen.toSorted(), [
    [1, 'plain'],
    [2, 'together']
  ])
})
