// Lists of requests, in which a client may name one thing a hundred thousand times.

/** The first item of each key, in their order: what is named more than once is answered once, as by Kafka's brokers. */
export function distinct<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const found = new Map<string, T>()
  for (const item of items) {
    const key = keyOf(item)
    if (!found.has(key)) found.set(key, item)
  }
  return found.size === items.length ? items : [...found.values()]
}

/** The keys that stand in a list more than once. */
export function repeated<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlySet<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const item of items) {
    const key = keyOf(item)
    if (seen.has(key)) twice.add(key)
    else seen.add(key)
  }
  return twice
}
