// A broker over a log on the real disk, on a free port, for the tests with clients of others.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { SystemClock, SystemDisk, SystemRandom } from '../../src/base/index.ts'
import {
  startBroker,
  type Broker,
  type BrokerOptions,
  type BrokerSettings
} from '../../src/kafka/index.ts'
import { openDiskLog, type Log, type LogData } from '../../src/log/index.ts'
import { RecordCursor, batchByteLength } from '../../src/record/index.ts'

/** A broker that a test has started. */
export interface TestBroker {
  readonly log: Log
  readonly broker: Broker
  /** `host:port`. */
  readonly bootstrap: string
  /** What connections were ended for. */
  readonly problems: string[]
}

/** Far beyond what any of it takes: a test that would hang says what it waits for. */
const PATIENCE_MS = 30_000

const SETTINGS: Partial<BrokerSettings> = { initialDelayMs: 20, heartbeatIntervalMs: 100 }

const endings = new WeakMap<TestContext, (() => unknown)[]>()

/** Calls `end` when the test has ended: the last one given first, as clients end before their broker. */
export function finallyIn(t: TestContext, end: () => unknown): void {
  const known = endings.get(t)
  if (known !== undefined) {
    known.unshift(end)
    return
  }
  const ends = [end]
  endings.set(t, ends)
  t.after(async () => {
    for (const each of ends) await each()
  })
}

/** A data directory that is gone when the test has ended. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  finallyIn(t, () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts a broker over the log in `folder`. The caller ends it by {@link stop}. */
export async function startOn(
  folder: string,
  settings: Partial<BrokerSettings> = {},
  more: Partial<BrokerOptions> = {}
): Promise<TestBroker> {
  const clock = new SystemClock()
  const random = new SystemRandom()
  const log = await openDiskLog({ disk: new SystemDisk(), folder, clock, random })
  const problems: string[] = []
  const broker = await startBroker({
    log,
    clock,
    random,
    host: '127.0.0.1',
    port: 0,
    ...more,
    settings: { ...SETTINGS, ...settings },
    onProblem: (_client, reason) => problems.push(reason)
  })
  return { log, broker, bootstrap: `127.0.0.1:${broker.address.port}`, problems }
}

/** Ends a broker and its log. */
export async function stop({ broker, log }: TestBroker): Promise<void> {
  await broker.close()
  await log.close()
}

/** A broker for one test. */
export async function brokerFor(
  t: TestContext,
  settings: Partial<BrokerSettings> = {}
): Promise<TestBroker> {
  const started = await startOn(temporaryFolder(t), settings)
  finallyIn(t, () => stop(started))
  return started
}

/** Values of partition 0 of a topic, as readers of `log` see them. */
export async function valuesOf(log: LogData, topic: string): Promise<string[]> {
  const values: string[] = []
  const cursor = new RecordCursor()
  for (let offset = 0; ;) {
    const read = await log.read({ topic, partition: 0, offset })
    for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
      cursor.open(read.bytes, at)
      while (cursor.next()) values.push(String(cursor.value()))
    }
    offset = read.nextOffset
    if (offset >= read.endOffset) return values
  }
}

/** Resolves when `condition` holds; for what other processes and clients do in their own time. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const clock = new SystemClock()
  const deadline = clock.monotonic() + PATIENCE_MS
  while (!(await condition())) {
    if (clock.monotonic() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${condition}`)
    await clock.sleep(5)
  }
}
