// The client over a server of millrace, by Kafka's protocol.
import { deepStrictEqual, rejects } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { clientSuite } from '../../conformance/index.ts'
import { connect, text } from '../../src/client/index.ts'
import { finallyIn, startOn, stop, temporaryFolder } from '../kafka/kit.ts'

clientSuite({
  name: 'the client over a server',
  skip: false,
  capabilities: {
    compressions: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    writesAhead: true,
    internalTopics: []
  },
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-client-'))
    const broker = await startOn(folder)
    const client = await connect({ bootstrap: broker.bootstrap })
    const close = async (): Promise<void> => {
      await client.close()
      await stop(broker)
      rmSync(folder, { recursive: true })
    }
    return { client, close }
  }
})

test('a transaction that is open for longer than its producer said is aborted', async t => {
  const broker = await startOn(temporaryFolder(t))
  finallyIn(t, () => stop(broker))
  const client = await connect({ bootstrap: broker.bootstrap })
  finallyIn(t, () => client.close())
  await client.admin.createTopic('events')
  const types = { key: text, value: text }
  const slow = await client.producer({ types, transactionalId: 'slow', transactionTimeoutMs: 200 })
  const other = await client.producer({ types })
  const read = async (): Promise<(string | null)[]> => {
    const reader = await client.consumer({ topics: ['events'], types, stopAtEnd: true })
    const values: (string | null)[] = []
    for await (const { value } of reader) values.push(value)
    await reader.close()
    return values
  }
  const transaction = slow.transaction(async scope => {
    await scope.send([{ topic: 'events', value: 'slow' }])
    await other.send({ topic: 'events', value: 'behind' })
    while ((await read()).length === 0);
  })
  await rejects(transaction, { code: 'PRODUCER_FENCED' })
  deepStrictEqual(await read(), ['behind'])
})
