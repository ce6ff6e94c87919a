// The Kafka client that this stands on (@platformatic/kafka): loaded when it is first needed, with these options.
//
// Traps of 2.12, each with its answer here or where it is met:
//   T1  It asks for producer 0 of epoch 0, which fences every restart of a transactional id: `NOBODY` says −1, −1.
//   T2  Its `timeout` is a producer's transaction timeout as well, 5 s by default: writers give theirs.
//   T3  Calls of one kind that run at once are taken for one (`performDeduplicated`), in transactions also when they
//       are about different partitions: writers make one call at a time.
//   T4  Its filter of aborted transactions lets those through whose marker is not in the same answer, and its streams
//       join a group always: readers fetch themselves and filter (decode.ts).
//   T5  Its commit of positions joins a group again by itself when the membership is lost, and then commits positions
//       of before: members commit by the bare request (membership.ts).
//   T6  It writes times wrongly that are 2^31 ms (24.8 days) or more from the first one of their batch: writers send
//       such records apart.
//   T7  It tries again to find a topic that is not there: who only wants to know asks without retries.
//   T8  It believes for minutes how many partitions a topic has, and writes what goes into a later one into one of
//       those: writers have it ask again first.
//   T9  `leaveGroup` tries for half a minute where the cluster is gone, so members only close. Closing leaves the group
//       over the connection there is, in the name of static members, too: without metadata it knows of none.
import type * as Kafka from '@platformatic/kafka'

import type { SaslAccess, TlsAccess } from '../profiles/index.ts'

export type { Kafka }

/** How to reach a cluster: what a profile says, with secrets looked up. */
export interface KafkaOptions {
  readonly bootstrap: readonly string[]
  readonly tls: TlsAccess | null
  readonly sasl: SaslAccess | null
  readonly clientId: string
}

/** T1. */
export const NOBODY = { producerId: -1n, producerEpoch: -1 } as const

const CONNECT_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 30_000
const RETRY_MS_FIRST = 50
const RETRY_MS_MAX = 1_000
/** Of calls that people wait for: three seconds in all. */
const RETRIES = 6

/** Loads the library: 0.4 s, once. */
export async function loadKafka(): Promise<typeof Kafka> {
  return await import('@platformatic/kafka')
}

/** What every client of the library is made with. */
export function baseOptions(
  { bootstrap, tls, sasl, clientId }: KafkaOptions,
  retries: number = RETRIES
): Kafka.BaseOptions {
  return {
    clientId,
    bootstrapBrokers: [...bootstrap],
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    autocreateTopics: false,
    retries,
    retryDelay: (_client: unknown, _operation: string, attempt: number) =>
      Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** attempt),
    ...(tls === null ? {} : { tls }),
    ...(sasl === null ? {} : { sasl })
  }
}
