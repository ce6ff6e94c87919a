// The main file of a worker thread: hosts its share of the tasks, on the log of the main thread.
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { SystemClock, assert, sendConsoleToStderr } from '../../base/index.ts'
import { openLevelStore } from '../../state/index.ts'
import { type EntriesOptions, LocalHost } from '../host.ts'
import { Peer, dataOf } from './peer.ts'
import { CONTROL, EVENT, type WorkerData } from './protocol.ts'
import { RemoteLog } from './remote-log.ts'

assert(parentPort !== null, 'the entry runs in a worker thread')
sendConsoleToStderr()
const data = workerData as WorkerData
const peer = new Peer(parentPort as ConstructorParameters<typeof Peer>[0])
const host = new LocalHost({
  plan: data.plan,
  folder: data.folder,
  log: new RemoteLog(peer, { movesBatches: true }),
  clock: new SystemClock(),
  tasks: data.tasks,
  indexes: data.indexes,
  partitions: data.partitions,
  positions: data.positions,
  openStore: index => openLevelStore(join(data.storeFolder, String(index))),
  env: data.env,
  onLog: line => peer.tell(EVENT.log, line),
  ...(data.stateHotBytes === null ? {} : { stateHotBytes: data.stateHotBytes })
})

host.finished.then(
  () => peer.tell(EVENT.finished, null),
  error => peer.tell(EVENT.failed, dataOf(error))
)

peer.handle(CONTROL.start, async () => {
  await host.start()
  return { value: null }
})
peer.handle(CONTROL.stop, async () => {
  await host.stop()
  return { value: null }
})
peer.handle(CONTROL.settle, async () => ({ value: await host.settle() }))
peer.handle(CONTROL.endTime, async args => {
  await host.endTime(args as readonly string[])
  return { value: null }
})
peer.handle(CONTROL.reports, async () => ({ value: await host.reports() }))
peer.handle(CONTROL.stateKeys, async () => ({ value: await host.stateKeys() }))
peer.handle(CONTROL.stateEntries, async args => {
  const { name, options } = args as { readonly name: string; readonly options: EntriesOptions }
  return { value: await host.stateEntries(name, options) }
})
peer.handle(CONTROL.windowRows, async args => ({ value: await host.windowRows(args as string) }))
