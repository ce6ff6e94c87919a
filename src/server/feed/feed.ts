// Feeds files and stdin into topics, exactly once: a file's position is committed together with its records.
//
//   F1  A commit holds the records of whole lines and, for each regular file, the position behind them.
//   F2  Text files are fed one after the other, in the order given, and what one holds is processed before the next
//       is opened; JSON files are merged by timestamp.
//   F3  A line that is no record goes to the dead letters of the feed in the same commit; the feed goes on.
//   F4  A stream (stdin, a pipe) has no position: it is fed whole. What it holds is committed after
//       LINGER_MS without more of it.
import type { Log } from '../../log/log.ts'
import type { FeedInput } from './feed-file.ts'
import { encodePosition } from './feed-position.ts'
import { FeedRun } from './feed-run.ts'
import type { FeedOptions } from './feed-run.ts'
import { feedJson } from './json-feed.ts'
import { feedText } from './text-feed.ts'

/** What a feed did. */
export interface FeedReport {
  readonly records: number
  readonly rejected: number
  /** The first few rejected lines: file, line, reason. */
  readonly reasons: readonly string[]
}

/**
 * Feeds all inputs. Resolves when every record is durable, or, after the signal, what was taken until then.
 * @throws what the log throws; and the system's error when a file cannot be read
 */
export async function feed(options: FeedOptions): Promise<FeedReport> {
  const run = new FeedRun(options)
  if (options.format === 'json') await feedJson(run)
  else await feedText(run)
  await run.writer.settle()
  const { records, rejected, reasons } = run.writer
  return { records, rejected, reasons }
}

/** Forgets how far the inputs were fed: the next run feeds them again. */
export async function forgetPositions(log: Log, inputs: readonly FeedInput[]): Promise<void> {
  const offsets = inputs.flatMap(({ topic, path }) =>
    path === null ? [] : [encodePosition(topic, path, null)]
  )
  if (offsets.length > 0) await log.commit({ batches: [], offsets })
}
