// What the regression tests of the disk log share: a log with small files on a simulated disk.
import { SeededRandom, SimulatedClock, type SimulatedDisk } from '../../src/base/index.ts'
import { openDiskLog, type Log } from '../../src/log/index.ts'
import { BatchBuilder, RecordCursor, batchByteLength } from '../../src/record/index.ts'

/** A log in `/log` that seals a file after `fileBytesTarget` bytes. */
export function openLog(disk: SimulatedDisk, fileBytesTarget = 1500): Promise<Log> {
  const random = new SeededRandom(disk.operations)
  return openDiskLog({ disk, folder: '/log', clock: new SimulatedClock(), random, fileBytesTarget })
}

/** Commits one record to partition 0. */
export async function append(log: Log, topic: string, value: string): Promise<void> {
  const builder = new BatchBuilder()
  builder.append(1, null, new TextEncoder().encode(value))
  await log.commit({ batches: [{ topic, partition: 0, batch: builder.build() }], offsets: [] })
}

/** Values of partition 0, from its start on. */
export async function valuesOf(log: Log, topic: string): Promise<string[]> {
  const values: string[] = []
  const cursor = new RecordCursor()
  let read = await log.read({ topic, partition: 0, offset: 0 })
  while (read.bytes.length > 0) {
    for (let at = 0; at < read.bytes.length; at += batchByteLength(read.bytes, at)) {
      cursor.open(read.bytes, at)
      while (cursor.next()) values.push(new TextDecoder().decode(cursor.value() ?? undefined))
    }
    read = await log.read({ topic, partition: 0, offset: read.nextOffset })
  }
  return values
}
