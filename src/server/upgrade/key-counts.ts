// How many keys the states of a dataflow have, told from its changelog alone: stores are not opened.
import type { Plan } from '../../dataflow/plan.ts'
import type { Log } from '../../log/log.ts'
import { RecordCursor, batchByteLength } from '../../record/index.ts'
import { changelogTopicName } from '../../runtime/index.ts'
import { META_KIND, parseKey, readNumber } from '../../state/index.ts'

/** A larger changelog is not read for this. */
const CHANGELOG_BYTES_MAX = 64 * 1024 * 1024

/** Keys by the name of a state in the changelog; null where reading it would take long. */
export async function keyCounts(
  log: Pick<Log, 'listTopics' | 'read'>,
  plan: Plan
): Promise<ReadonlyMap<string, number> | null> {
  const topic = changelogTopicName(plan)
  const found = (await log.listTopics({ internal: true })).find(({ name }) => name === topic)
  if (found === undefined) return new Map()
  const { partitions } = found.status
  if (partitions.reduce((sum, { bytes }) => sum + bytes, 0) > CHANGELOG_BYTES_MAX) return null
  const counts = new Map<string, number>()
  for (const { partition, startOffset } of partitions) {
    // Each seal notes how many there are then: the last note counts.
    const last = new Map<string, { readonly name: string; readonly count: number }>()
    for (let offset = startOffset; ;) {
      const { bytes, nextOffset } = await log.read({ topic, partition, offset })
      takeCounts(bytes, last)
      if (nextOffset <= offset) break
      offset = nextOffset
    }
    for (const { name, count } of last.values()) counts.set(name, (counts.get(name) ?? 0) + count)
  }
  return counts
}

function takeCounts(
  bytes: Uint8Array,
  last: Map<string, { readonly name: string; readonly count: number }>
): void {
  const cursor = new RecordCursor()
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
    cursor.open(bytes, at)
    while (cursor.next()) {
      const { data, keyStart, keyEnd, valueStart, valueEnd } = cursor
      if (keyStart < 0 || data[keyStart] !== 0) continue
      const parsed = parseKey(data, keyStart, keyEnd)
      const isCount =
        parsed.kind === 'namespace' || (parsed.kind === 'meta' && parsed.meta === META_KIND.count)
      if (!isCount) continue
      const count = valueStart < 0 ? 0 : readNumber(data, valueStart, valueEnd)
      last.set(data.toString('latin1', keyStart, keyEnd), { name: parsed.name, count })
    }
  }
}
