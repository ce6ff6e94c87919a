// What was aborted, held against the plain way to find it, and as readers of committed records see it.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom, SimulatedClock } from '../../../base/index.ts'
import { openMemoryLog } from '../../../log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength, crc32c } from '../../../record/index.ts'
import { AbortedTransactions, type AbortedRange } from './aborted-transactions.ts'
import { closeBrokerState, openBrokerState } from '../broker-state.ts'
import { committedLog } from '../committed-log.ts'
import { Producers } from './producers.ts'
import type { ProducerIdentity } from './transactions.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const AT = { topic: 't', partition: 0 }

test(`finds all that was aborted between two offsets, and nothing else (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  const aborted = new AbortedTransactions()
  let all: AbortedRange[] = []
  let end = 0
  let found = 0
  for (let step = 0; step < 2_000; step++) {
    end += 1 + random.below(5)
    // Now and then one that was open for long.
    const from = Math.max(0, end - random.below(random.below(20) === 0 ? end : 20))
    const one = { producerId: random.below(5), from, to: end }
    all.push(one)
    aborted.settle([{ ...AT, ...one }])
    if (random.below(200) === 0) {
      const before = random.below(end)
      aborted.forget('t', 0, before)
      all = all.filter(each => each.to >= before)
    }
    const first = random.below(end)
    const last = first + random.below(50)
    const expected = all.filter(each => each.to >= first && each.from <= last)
    found += expected.length
    const given = aborted.between('t', 0, first, last)
    deepStrictEqual(
      given.map(({ producerId, from, to }) => ({ producerId, from, to })),
      expected
    )
  }
  ok(found > 2_000, `${found} were found`)
})

/** A batch of one record in a transaction. */
function transactional(value: string, { producerId, epoch }: ProducerIdentity): Buffer {
  const builder = new BatchBuilder({ producerId, producerEpoch: epoch })
  builder.append(0, null, Buffer.from(value))
  const batch = builder.build()
  batch.writeInt16BE(0x10, 21)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

test(`readers of committed records get those of committed transactions (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED)
  const clock = new SimulatedClock()
  const log = openMemoryLog({ clock })
  await log.createTopic('t')
  const state = await openBrokerState(log, clock)
  const { transactions, store } = state
  const ids = new Producers(log, clock, store, [], () => 0)
  const producers: { readonly identity: ProducerIdentity; values: string[] | null }[] = []
  for (const transactionalId of ['w', 'x', 'y', 'z']) {
    const asked = { transactionalId, producerId: -1, epoch: -1 }
    const { producerId, epoch } = await transactions.initialise(asked, 60_000, ids)
    producers.push({ identity: { transactionalId, producerId, epoch }, values: null })
  }
  const committed = new Set<string>()
  const end = async (producer: (typeof producers)[number], isCommit: boolean): Promise<void> => {
    await transactions.end(producer.identity, isCommit)
    if (isCommit) for (const value of producer.values ?? []) committed.add(value)
    producer.values = null
  }
  const written: string[] = []
  for (let step = 0; step < 800; step++) {
    const producer = producers[random.below(producers.length)]!
    const { identity } = producer
    if (producer.values === null) {
      const { endOffset } = (await log.describeTopic('t')).status.partitions[0]!
      await transactions.add(identity, [{ ...AT, from: endOffset }], [])
      producer.values = []
    } else if (random.below(3) === 0) await end(producer, random.below(2) === 0)
    else {
      const value = `${step}`
      await log.commit({ batches: [{ ...AT, batch: transactional(value, identity) }], offsets: [] })
      producer.values.push(value)
      written.push(value)
    }
  }
  for (const producer of producers) if (producer.values !== null) await end(producer, false)
  const view = committedLog(log, transactions)
  const seen: string[] = []
  const cursor = new RecordCursor()
  for (let offset = 0; ;) {
    const read = await view.read({ ...AT, offset, bytesMax: 50 + random.below(5_000) })
    for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
      cursor.open(read.bytes, at)
      while (cursor.next()) seen.push(String(cursor.value()))
    }
    offset = read.nextOffset
    if (offset >= read.endOffset) break
  }
  deepStrictEqual(
    seen,
    written.filter(value => committed.has(value))
  )
  ok(committed.size > 50 && written.length - committed.size > 50)
  closeBrokerState(state)
})
