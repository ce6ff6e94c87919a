// Reads every byte of a log that nobody has open, and says what is damaged. Changes nothing.
import type { Disk } from '../../../base/index.ts'
import { problemSentence } from '../damage.ts'
import { lockLog } from '../disk-log.ts'
import { type FoundProblem, inspectFile, journalNumbers } from './inspect.ts'
import { journalFolder } from '../journal-file.ts'
import { TopicNames } from './topic-names.ts'

/** Where the log is. */
export interface VerifyOptions {
  readonly disk: Disk
  readonly folder: string
}

/** Something in the log that is not as it was written. */
export interface LogProblem {
  /** `index`: a sidecar, which is built anew without loss. */
  readonly kind: FoundProblem['kind']
  readonly file: string
  /** In bytes. */
  readonly position: number
  /** Where the damaged records belong, when that is known. */
  readonly topic: string | null
  readonly partition: number | null
  readonly firstOffset: number | null
  readonly lastOffset: number | null
  /** What is wrong, with expected and found values. */
  readonly message: string
}

/** What a verification found. */
export interface VerifyReport {
  readonly files: number
  readonly frames: number
  readonly batches: number
  readonly bytes: number
  /** Empty when every byte is as it was written. */
  readonly problems: readonly LogProblem[]
  /** Bytes that a crash left of a commit which was never acknowledged; the next start cuts them. */
  readonly tornBytes: number
}

/**
 * Verifies the log in `folder`.
 * @throws LOG_LOCKED a process has it open · DISK_NOT_FOUND there is no log · DISK_FAILED
 */
export async function verifyDiskLog(options: VerifyOptions): Promise<VerifyReport> {
  const { disk, folder } = options
  await disk.list(journalFolder(folder))
  const lock = await lockLog(disk, folder)
  try {
    const numbers = await journalNumbers(disk, folder)
    const names = new TopicNames()
    const sums = { files: numbers.length, frames: 0, batches: 0, bytes: 0, tornBytes: 0 }
    const problems: FoundProblem[] = []
    for (const number of numbers) {
      const isLast = number === numbers.at(-1)
      const inspection = await inspectFile({ disk, folder, number }, isLast, frame =>
        names.learn(frame)
      )
      sums.frames += inspection.frames
      sums.batches += inspection.batches
      sums.bytes += inspection.size
      sums.tornBytes += inspection.tornBytes
      problems.push(...inspection.problems)
    }
    return { ...sums, problems: problems.map(problem => describeProblem(problem, names)) }
  } finally {
    await lock.release()
  }
}

/** A problem for people. */
export function describeProblem(problem: FoundProblem, names: TopicNames): LogProblem {
  const { kind, file, position, batch, fault } = problem
  return {
    kind,
    file,
    position,
    topic: batch === null ? null : names.of(batch.topicId),
    partition: batch?.partition ?? null,
    firstOffset: batch?.baseOffset ?? null,
    lastOffset: batch?.lastOffset ?? null,
    message: problemSentence({ file, position, fault })
  }
}
