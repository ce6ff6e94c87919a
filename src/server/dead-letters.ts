// The reasons in a dead-letter topic, for people: the newest ones of a run.
import type { Log } from '../log/log.ts'
import { headersOf } from './out/record-lines.ts'
import { readRange } from './out/topic-reader.ts'

/** Why a record is in the dead letters. */
export interface DeadLetterReason {
  /** Its place; '' for a message that a function has sent. */
  readonly topic: string
  readonly partition: string
  readonly offset: string
  /** Of a dataflow; '' otherwise. */
  readonly service: string
  readonly operator: string
  /** The function that a message was for, with its id; '' otherwise. */
  readonly function: string
  readonly id: string
  readonly code: string
  readonly message: string
}

/** End offset of each partition of a topic, 0 for one that does not exist: where a run's own letters begin. */
export async function topicEnd(log: Log, topic: string): Promise<number> {
  const topics = await log.listTopics({ internal: true })
  const found = topics.find(other => other.name === topic)
  return found?.status.partitions[0]?.endOffset ?? 0
}

/** The first `limit` reasons in `topic` from offset `from` on, and how many letters there are. */
export async function readReasons(
  log: Log,
  topic: string,
  from: number,
  limit: number
): Promise<{ readonly count: number; readonly reasons: readonly DeadLetterReason[] }> {
  const until = await topicEnd(log, topic)
  const reasons: DeadLetterReason[] = []
  const range = { topic, partition: 0, from, until }
  await readRange(
    log,
    range,
    cursor => {
      if (reasons.length >= limit) return
      const headers = headersOf(cursor)
      const header = (name: string): string => headers[`millrace-${name}`] ?? ''
      reasons.push({
        topic: header('topic'),
        partition: header('partition'),
        offset: header('offset'),
        service: header('service'),
        operator: header('operator'),
        function: header('function'),
        id: header('id'),
        code: header('error-code'),
        message: header('error-message')
      })
    },
    { afterRead: async () => reasons.length < limit }
  )
  return { count: until - from, reasons }
}
