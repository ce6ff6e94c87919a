// How far tasks are behind the ends of the topics that they read.
import { isMillraceError } from '../../base/index.ts'
import type { LogData } from '../../log/log.ts'
import { sum } from './counters.ts'

/** Where a task stands in a partition that it reads. */
export interface ReadPosition {
  readonly topic: string
  readonly partition: number
  readonly position: number
}

/** Records from `positions`, asked for once the ends of `topics` are known, to those ends; 0 when the log is closed. */
export async function lagOf(
  log: LogData,
  topics: readonly string[],
  positions: () => readonly ReadPosition[]
): Promise<number> {
  const ends = new Map<string, number>()
  try {
    for (const name of topics) {
      const topic = await log.describeTopic(name)
      for (const { partition, endOffset } of topic.status.partitions) {
        ends.set(`${name}/${partition}`, endOffset)
      }
    }
  } catch (error) {
    // The last known counters are still worth showing then.
    if (isMillraceError(error, 'LOG_CLOSED')) return 0
    throw error
  }
  return sum(positions(), ({ topic, partition, position }) =>
    Math.max(0, (ends.get(`${topic}/${partition}`) ?? position) - position)
  )
}
