// Opens the log under test: the disk log with small files, so that short workloads seal and rewrite some.
import { SeededRandom, type SimulatedClock, type SimulatedDisk } from '../../src/base/index.ts'
import { openDiskLog, type DiskLogEvent, type Log } from '../../src/log/index.ts'

/** Bytes of frames after which a file is sealed: a handful of commits. */
export const FILE_BYTES_TARGET = 1500

/** A log in the folder `/log` of `disk`; `events` gets what it reports. */
export function openLog(
  disk: SimulatedDisk,
  clock: SimulatedClock,
  events: DiskLogEvent[] = [],
  fileBytesTarget: number = FILE_BYTES_TARGET
): Promise<Log> {
  return openDiskLog({
    disk,
    folder: '/log',
    clock,
    random: new SeededRandom(disk.operations + 1),
    fileBytesTarget,
    // Small enough that reads come from the tail and from files, and that some frames do not fit the tail.
    tailBytes: 2048,
    onEvent: event => events.push(event)
  })
}
