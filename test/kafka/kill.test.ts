// The server is killed again and again under idempotent and transactional load. MILLRACE_KILLS says how often.
//
// Who writes does what clients do: it sends what was not acknowledged again, with the same sequence; a transactional
// one begins anew under its id. At the end every value is there once and in order, and transactions are whole.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { test } from 'node:test'

import { SeededRandom, SystemClock, SystemDisk, SystemRandom } from '../../src/base/index.ts'
import { committedLog, openBrokerState } from '../../src/kafka/index.ts'
import { openDiskLog, type LogData } from '../../src/log/index.ts'
import { start } from '../command.ts'
import { finallyIn, temporaryFolder, valuesOf } from './kit.ts'
import { WireClient } from './wire-client.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)
const KILLS = Number(process.env['MILLRACE_KILLS'] ?? 4)
const LOAD_MS_MAX = 250
const GROUP = 'ledger'

interface Server {
  readonly child: ChildProcess
  readonly bootstrap: string
  readonly ended: Promise<unknown>
}

/** Starts the server as users do; resolves when it listens. */
async function serve(folder: string): Promise<Server> {
  const child = start(
    ['start', '--data-dir', folder, '--listen', '127.0.0.1:0', '--http', 'none'],
    folder
  )
  const ended = new Promise(resolve => child.once('close', resolve))
  let said = ''
  const bootstrap = await new Promise<string>((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const address = /kafka +(\S+:\d+)/.exec(said)?.[1]
      if (address !== undefined && said.includes('ready in')) resolve(address)
    })
    child.once('close', code => reject(new Error(`ended with ${code}: ${said}`)))
  })
  return { child, bootstrap, ended }
}

/** Sends batches of its own partition, each until it is acknowledged. */
class IdempotentWriter {
  readonly topic: string
  /** Values that are acknowledged are below it. */
  acknowledged = 0
  #producer: { readonly producerId: number; readonly epoch: number } | null = null
  readonly #random: SeededRandom
  #size = 0

  constructor(topic: string, random: SeededRandom) {
    this.topic = topic
    this.#random = random
  }

  async work(bootstrap: string): Promise<never> {
    const client = await WireClient.connect(bootstrap)
    this.#producer ??= await client.producer()
    for (;;) {
      if (this.#size === 0) this.#size = 1 + this.#random.below(5)
      const sequence = this.acknowledged
      const values = Array.from({ length: this.#size }, (_, index) => String(sequence + index))
      const { errorCode } = await client.produce(this.topic, values, {
        ...this.#producer,
        sequence
      })
      strictEqual(errorCode, 0)
      this.acknowledged += this.#size
      this.#size = 0
    }
  }
}

/** Writes each number to two topics and commits it as a position, or aborts; all in transactions. */
class TransactionalWriter {
  next = 0
  readonly committed = new Set<number>()
  readonly aborted = new Set<number>()
  /** Nobody has said whether they were committed. */
  readonly unknown = new Set<number>()
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  async work(bootstrap: string): Promise<never> {
    const client = await WireClient.connect(bootstrap)
    const of = await client.producer('tx')
    strictEqual(of.errorCode, 0)
    for (let sequence = 0; ; sequence++) {
      const value = this.next++
      this.unknown.add(value)
      const batch = { ...of, sequence, isTransactional: true }
      for (const topic of ['x', 'y']) {
        strictEqual(await client.begin('tx', of, topic), 0)
        strictEqual((await client.produce(topic, [String(value)], batch, 'tx')).errorCode, 0)
      }
      const { producerId, epoch: producerEpoch } = of
      const common = { transactionalId: 'tx', producerId, producerEpoch, groupId: GROUP }
      strictEqual((await client.ask('AddOffsetsToTxn', 3, common)).errorCode, 0)
      const partitions = [{ partitionIndex: 0, committedOffset: value }]
      const topics = [{ name: 'x', partitions }]
      await client.ask('TxnOffsetCommit', 3, { ...common, topics })
      const isCommit = this.#random.below(3) > 0
      if (!isCommit) {
        this.unknown.delete(value)
        this.aborted.add(value)
      }
      strictEqual(await client.end('tx', of, isCommit), 0)
      this.unknown.delete(value)
      if (isCommit) this.committed.add(value)
    }
  }
}

const numbersOf = async (log: LogData, topic: string): Promise<number[]> =>
  (await valuesOf(log, topic)).map(Number)

test(`${KILLS} kills lose nothing, double nothing and leave no transaction open (seed ${SEED})`, async t => {
  const random = new SeededRandom(SEED)
  const clock = new SystemClock()
  const folder = temporaryFolder(t)
  const writers = ['a', 'b'].map(topic => new IdempotentWriter(topic, random))
  const transactional = new TransactionalWriter(random)
  let server: Server | null = null
  finallyIn(t, () => server?.child.kill('SIGKILL'))
  for (let kill = 0; kill <= KILLS; kill++) {
    server = await serve(folder)
    if (kill === 0) {
      const client = await WireClient.connect(server.bootstrap)
      const topics = ['a', 'b', 'x', 'y'].map(name => ({
        name,
        numPartitions: 1,
        replicationFactor: 1
      }))
      await client.ask('CreateTopics', 4, { topics, timeoutMs: 5_000 })
      client.close()
    }
    const working = [...writers, transactional].map(writer => writer.work(server!.bootstrap))
    await clock.sleep(20 + random.below(LOAD_MS_MAX))
    server.child.kill('SIGKILL')
    for (const { reason } of (await Promise.allSettled(working)) as PromiseRejectedResult[]) {
      ok(/connection ended|ECONNRE|EPIPE/.test(String(reason)), String(reason?.stack ?? reason))
    }
    await server.ended
  }
  server = await serve(folder)
  const client = await WireClient.connect(server.bootstrap)
  await client.producer('tx')
  client.close()
  server.child.kill('SIGINT')
  strictEqual(await server.ended, 0)
  const log = await openDiskLog({
    disk: new SystemDisk(),
    folder,
    clock,
    random: new SystemRandom()
  })
  finallyIn(t, () => log.close())
  for (const writer of writers) {
    const numbers = await numbersOf(log, writer.topic)
    ok(numbers.length >= writer.acknowledged && numbers.length <= writer.acknowledged + 5)
    deepStrictEqual(
      numbers,
      numbers.map((_, index) => index)
    )
  }
  const { transactions } = await openBrokerState(log, clock)
  deepStrictEqual(
    [...transactions.list().values()].filter(each => each.status === 'Ongoing'),
    []
  )
  const view = committedLog(log, transactions)
  const seen = await numbersOf(view, 'x')
  deepStrictEqual(await numbersOf(view, 'y'), seen)
  deepStrictEqual(
    seen,
    [...new Set(seen)].toSorted((a, b) => a - b)
  )
  for (const value of transactional.committed) ok(seen.includes(value), `${value} was committed`)
  for (const value of seen) {
    ok(
      transactional.committed.has(value) || transactional.unknown.has(value),
      `${value} was aborted`
    )
  }
  const [position] = await log.positions(GROUP)
  strictEqual(position?.offset, seen.at(-1))
  const acknowledged = writers.map(writer => writer.acknowledged)
  t.diagnostic(
    `${acknowledged} acknowledged, ${transactional.committed.size} transactions committed`
  )
})
