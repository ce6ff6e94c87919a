// Draining several dataflows that are linked by topics: upstream first, again where something new came in.

/** A dataflow as the drain sees it. */
export interface Drainable {
  readonly name: string
  /** Names of the topics that it reads and writes. */
  readonly sources: readonly string[]
  readonly sinks: readonly string[]
  /** Processes everything in its sources, commits and stops; starts it first when it has stopped before. */
  drain(): Promise<void>
}

/**
 * Drains all until none has anything new. `endOffset` gives the sum of a topic's end offsets.
 * Dataflows without a cycle between them are drained once each. A cycle that feeds itself for ever never ends.
 */
export async function drainAll(
  dataflows: readonly Drainable[],
  endOffset: (topic: string) => Promise<number>
): Promise<void> {
  const ordered = upstreamFirst(dataflows)
  const drainedUpTo = new Map<Drainable, string>()
  for (let changed = true; changed;) {
    changed = false
    for (const dataflow of ordered) {
      const fed = foreignSources(dataflow, dataflows)
      const position = (await Promise.all(fed.map(endOffset))).join()
      if (drainedUpTo.get(dataflow) === position) continue
      drainedUpTo.set(dataflow, position)
      await dataflow.drain()
      changed = true
    }
  }
}

/** Sources that others may write to: what a dataflow writes to itself it drains itself. */
function foreignSources(dataflow: Drainable, all: readonly Drainable[]): readonly string[] {
  return dataflow.sources.filter(topic =>
    all.some(other => other !== dataflow && other.sinks.includes(topic))
  )
}

/** Each dataflow behind those that write its sources; in a cycle, in the order given. */
export function upstreamFirst<D extends Pick<Drainable, 'sources' | 'sinks'>>(
  dataflows: readonly D[]
): readonly D[] {
  const ordered: D[] = []
  const visited = new Set<D>()
  const visit = (dataflow: D): void => {
    if (visited.has(dataflow)) return
    visited.add(dataflow)
    for (const other of dataflows) {
      if (other !== dataflow && other.sinks.some(topic => dataflow.sources.includes(topic)))
        visit(other)
    }
    ordered.push(dataflow)
  }
  for (const dataflow of dataflows) visit(dataflow)
  return ordered
}
