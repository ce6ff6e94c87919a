// Where reading begins: words of users to offsets of partitions.
import { MillraceError } from '../../base/index.ts'
import type {
  DriverAdmin,
  Isolation,
  OffsetQuery,
  PartitionOffset,
  TopicPartition
} from '../driver.ts'

/**
 * Where reading begins in each partition: an end of what is there, an offset, the first record at or after a time
 * (ms since the epoch), `last` n records of each partition, or behind the first n (`skip`).
 */
export type StartPosition =
  | 'beginning'
  | 'end'
  | { readonly offset: number }
  | { readonly time: number | Date }
  | { readonly last: number }
  | { readonly skip: number }

/** The offsets at which `from` begins, kept within what is there. @throws USAGE a number below 0 */
export async function startOffsets(
  admin: DriverAdmin,
  partitions: readonly TopicPartition[],
  from: StartPosition,
  isolation: Isolation
): Promise<PartitionOffset[]> {
  checkStart(from)
  const ask = (at: OffsetQuery['at']): Promise<readonly number[]> =>
    admin.offsets(
      partitions.map(place => ({ ...place, at })),
      isolation
    )
  const given = (offsets: readonly number[]): PartitionOffset[] =>
    partitions.map(({ topic, partition }, index) => ({ topic, partition, offset: offsets[index]! }))
  if (from === 'beginning' || from === 'end') return given(await ask(from))
  if ('time' in from) return given(await ask({ timeMs: Number(from.time) }))
  const [first, end] = [await ask('beginning'), await ask('end')]
  const wanted = first.map((start, index) => {
    if ('offset' in from) return from.offset
    return 'last' in from ? end[index]! - from.last : start + from.skip
  })
  return given(
    wanted.map((offset, index) => Math.min(Math.max(offset, first[index]!), end[index]!))
  )
}

function checkStart(from: StartPosition): void {
  if (typeof from === 'string') return
  const [[name, value]] = Object.entries(from) as [[string, number | Date]]
  if (Number.isSafeInteger(Number(value)) && Number(value) >= 0) return
  throw new MillraceError(
    'USAGE',
    `reading cannot begin at ${name} ${String(value)}; expected was a whole number from 0 on; correct it`
  )
}
