// The records with the greatest (or least) rank, best first: lists that are never changed.

/** One of them; the rank is a number or a text. */
export interface Ranked {
  readonly number: number | null
  readonly text: string | null
  /** Event time: of equal ranks the earlier comes first, of equal times the one that came first. */
  readonly at: number
  readonly value: unknown
}

/** `list` with a record, if it is among the first `size`. `sign`: 1 for the greatest first, −1 for the least. */
export function addTop(
  list: readonly Ranked[],
  size: number,
  sign: number,
  by: number | string,
  at: number,
  value: unknown
): readonly Ranked[] {
  const isText = typeof by === 'string'
  const one: Ranked = { number: isText ? null : by, text: isText ? by : null, at, value }
  // Hot: per record. Most records are worse than the last one.
  if (list.length >= size && !isBetter(one, list.at(-1)!, sign)) return list
  let index = list.length
  while (index > 0 && isBetter(one, list[index - 1]!, sign)) index--
  const next = [...list.slice(0, index), one, ...list.slice(index)]
  return next.length > size ? next.slice(0, size) : next
}

/** The best of both. */
export function mergeTop(
  one: readonly Ranked[],
  other: readonly Ranked[],
  size: number,
  sign: number
): readonly Ranked[] {
  const merged: Ranked[] = []
  let left = 0
  let right = 0
  while (merged.length < size && (left < one.length || right < other.length)) {
    const takesOther =
      left >= one.length || (right < other.length && isBetter(other[right]!, one[left]!, sign))
    merged.push(takesOther ? other[right++]! : one[left++]!)
  }
  return merged
}

/** What is ranked, best first. */
export function topValues(list: readonly Ranked[]): unknown[] {
  return list.map(one => one.value)
}

function isBetter(one: Ranked, other: Ranked, sign: number): boolean {
  const a = one.number ?? one.text!
  const b = other.number ?? other.text!
  if (a !== b) return sign > 0 ? a > b : a < b
  return one.at < other.at
}
