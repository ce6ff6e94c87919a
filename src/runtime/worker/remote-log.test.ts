// The data plane across a message port passes the suite of every log.
import { MessageChannel } from 'node:worker_threads'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logSuite } from '../../../conformance/log.ts'
import { MillraceError, SimulatedClock } from '../../base/index.ts'
import { type Log, type LogData, openMemoryLog } from '../../log/index.ts'
import { BatchBuilder } from '../../record/index.ts'
import { Peer } from './peer.ts'
import { RemoteLog, serveLog } from './remote-log.ts'

interface Line {
  readonly near: Peer
  readonly far: Peer
  close(): void
}

function connect(): Line {
  const { port1, port2 } = new MessageChannel()
  const near = new Peer(port1 as ConstructorParameters<typeof Peer>[0])
  const far = new Peer(port2 as ConstructorParameters<typeof Peer>[0])
  return { near, far, close: () => port1.close() }
}

type Control = 'createTopic' | 'listTopics' | 'alterTopic' | 'deleteTopic' | 'deleteRecords'
type Calls = Record<string, (...args: unknown[]) => Promise<unknown>>

/** The rest of the contract over the same port, so that all calls keep their order. */
function hybrid(near: Peer, far: Peer, log: Log, data: LogData): Log {
  far.handle('control', async args => {
    const [name, ...rest] = args as [string, ...unknown[]]
    return { value: await (log as unknown as Calls)[name]!.apply(log, rest) }
  })
  const call =
    (name: Control | 'listGroups' | 'cleanup' | 'close') =>
    (...args: unknown[]): Promise<never> =>
      near.call('control', [name, ...args]) as Promise<never>
  return {
    commit: commit => data.commit(commit),
    read: request => data.read(request),
    wait: (positions, signal) => data.wait(positions, signal),
    positions: group => data.positions(group),
    describeTopic: name => data.describeTopic(name),
    offsetForTime: (topic, partition, time) => data.offsetForTime(topic, partition, time),
    createTopic: call('createTopic'),
    listTopics: call('listTopics'),
    alterTopic: call('alterTopic'),
    deleteTopic: call('deleteTopic'),
    deleteRecords: call('deleteRecords'),
    listGroups: call('listGroups'),
    cleanup: call('cleanup'),
    close: call('close')
  }
}

logSuite(
  'a log behind a message port',
  ({ clock }) => {
    const line = connect()
    const log = openMemoryLog({ clock })
    serveLog(line.far, log)
    const data = new RemoteLog(line.near, { movesBatches: false })
    const dispose = () => Promise.resolve(line.close())
    return Promise.resolve({ log: hybrid(line.near, line.far, log, data), dispose })
  },
  { durable: false }
)

test('a moved batch leaves the caller and arrives whole', async () => {
  const line = connect()
  const log = openMemoryLog({ clock: new SimulatedClock() })
  await log.createTopic('t')
  serveLog(line.far, log)
  const remote = new RemoteLog(line.near, { movesBatches: true })
  const builder = new BatchBuilder()
  builder.append(1, null, Buffer.from('moved'))
  const batch = builder.build()
  await remote.commit({ batches: [{ topic: 't', partition: 0, batch }], offsets: [] })
  assert.equal(batch.length, 0)
  const { bytes } = await remote.read({ topic: 't', partition: 0, offset: 0 })
  assert.ok(Buffer.from(bytes).includes('moved'))
  line.close()
})

test('a call whose other end is gone is rejected, and so is every later one', async () => {
  const line = connect()
  const error = new MillraceError('WORKER_FAILED', 'gone')
  const call = line.near.call('never.answered', null)
  line.near.close(error)
  await assert.rejects(call, { code: 'WORKER_FAILED' })
  await assert.rejects(line.near.call('again', null), { code: 'WORKER_FAILED' })
  line.close()
})
