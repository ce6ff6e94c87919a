// What a consumer is told, what it gives, and which options do not go together.
import { MillraceError } from '../../base/index.ts'
import type { Codecs } from '../codec.ts'
import type { Isolation, PartitionOffset } from '../driver.ts'
import type { TopicChoice } from './assignments.ts'
import type { StartPosition } from './start.ts'

/** How positions of a group are kept. */
export type ConsumerDelivery = 'at-most-once' | 'at-least-once' | 'exactly-once' | 'manual'

/** What is read, from where, and how. */
export interface ConsumerOptions<K, V> {
  readonly types: Codecs<K, V>
  /** Topics by name, with all their partitions or some. */
  readonly topics: readonly TopicChoice[]
  /** Where to begin, in a group where it has no position. Default `beginning`. */
  readonly from?: StartPosition
  /**
   * A group whose positions are kept. Its members share the partitions; with chosen partitions the consumer only
   * keeps positions under this name, and shares nothing.
   */
  readonly group?: string
  /** Default `at-least-once`. Without a group nothing is kept. */
  readonly delivery?: ConsumerDelivery
  /** How often positions are committed, ms. Default 1,000. */
  readonly commitIntervalMs?: number
  /**
   * How long the group waits for this member when it is silent, ms. Default 10,000. In a data directory members are of
   * this program, and the group waits as long as its own default says.
   */
  readonly sessionTimeoutMs?: number
  /** Name of a static member: when it comes back in time, it gets its partitions without the others noticing. */
  readonly instance?: string
  /** Default `committed`. */
  readonly isolation?: Isolation
  /** Bytes of one fetch. Default 1 MiB. */
  readonly maxBytes?: number
  /** Bytes of one partition in a fetch. Default: as `maxBytes`. */
  readonly partitionMaxBytes?: number
  /** Bytes that are read ahead. Default: twice `maxBytes`. */
  readonly bufferBytes?: number
  /** How long a server waits for records, ms. Default 500. */
  readonly waitMs?: number
  /** Stop where the partitions end now, instead of waiting for more. */
  readonly stopAtEnd?: boolean
  /** Told of each failure that is tried again. */
  readonly onRetry?: (error: Error) => void
}

/** A record as it was read. */
export interface ConsumedRecord<K, V> extends PartitionOffset {
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: K | null
  /** null: a tombstone. */
  readonly value: V | null
  /** In their order; a name may come twice. */
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

const POSITIVE = [
  'maxBytes',
  'partitionMaxBytes',
  'bufferBytes',
  'sessionTimeoutMs'
] as const satisfies readonly (keyof ConsumerOptions<unknown, unknown>)[]

/** @throws USAGE options that do not go together, or numbers that nothing can be read with */
export function checkOptions(options: ConsumerOptions<unknown, unknown>): void {
  if (options.topics.length === 0) refuse('a consumer has no topics', 'one or more')
  if (options.group === '') refuse('the name of a group is empty', 'a name')
  const { delivery, group, instance } = options
  if (group === undefined && delivery !== undefined && delivery !== 'manual') {
    refuse(`a consumer has the delivery ${delivery} and no group`, 'a group, which keeps positions')
  }
  if (group === undefined && instance !== undefined) {
    refuse(`a consumer has the instance ${instance} and no group`, 'a group, whose member it is')
  }
  for (const name of POSITIVE) {
    const value = options[name]
    if (value !== undefined && !(value > 0)) refuse(`${name} is ${value}`, 'a number above 0')
  }
}

/** An error about options. @throws USAGE */
export function refuse(happened: string, expected: string): never {
  throw new MillraceError('USAGE', `${happened}; expected was ${expected}; correct the options`)
}
