// Compares lists and mappings, and says line by line where they differ.

/** A line of a difference: in both, expected alone, or there alone. */
export interface DiffLine {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** How two lists are compared. */
export interface Comparison<E, A> {
  matches(expected: E, actual: A): boolean
  showExpected(expected: E): string
  showActual(actual: A): string
}

/** Cells of the table of common parts; longer lists are compared place by place. */
const CELLS_MAX = 1_000_000

/** The difference of two lists in order; null when they are the same. */
export function diffInOrder<E, A>(
  expected: readonly E[],
  actual: readonly A[],
  how: Comparison<E, A>
): DiffLine[] | null {
  const pairs =
    expected.length * actual.length > CELLS_MAX
      ? placeByPlace(expected, actual, how)
      : longestCommon(expected, actual, how)
  if (pairs.length === expected.length && pairs.length === actual.length) return null
  const lines: DiffLine[] = []
  let [e, a] = [0, 0]
  for (const [toE, toA] of [...pairs, [expected.length, actual.length] as const]) {
    while (e < toE) lines.push({ sign: '-', text: how.showExpected(expected[e++]!) })
    while (a < toA) lines.push({ sign: '+', text: how.showActual(actual[a++]!) })
    if (toA < actual.length) lines.push({ sign: ' ', text: how.showActual(actual[toA]!) })
    ;[e, a] = [toE + 1, toA + 1]
  }
  return lines
}

type Pair = readonly [expected: number, actual: number]

function placeByPlace<E, A>(
  expected: readonly E[],
  actual: readonly A[],
  how: Comparison<E, A>
): Pair[] {
  return expected.flatMap((one, at): Pair[] =>
    at < actual.length && how.matches(one, actual[at]!) ? [[at, at]] : []
  )
}

function longestCommon<E, A>(
  expected: readonly E[],
  actual: readonly A[],
  how: Comparison<E, A>
): Pair[] {
  const width = actual.length + 1
  const lengths = new Uint32Array((expected.length + 1) * width)
  const same = new Uint8Array(expected.length * width)
  for (let e = expected.length - 1; e >= 0; e--) {
    for (let a = actual.length - 1; a >= 0; a--) {
      const at = e * width + a
      if (how.matches(expected[e]!, actual[a]!)) same[at] = 1
      lengths[at] =
        same[at] === 1
          ? lengths[at + width + 1]! + 1
          : Math.max(lengths[at + width]!, lengths[at + 1]!)
    }
  }
  const pairs: Pair[] = []
  for (let e = 0, a = 0; e < expected.length && a < actual.length;) {
    const at = e * width + a
    if (same[at] === 1) pairs.push([e++, a++])
    else if (lengths[at + width]! >= lengths[at + 1]!) e++
    else a++
  }
  return pairs
}

/**
 * The difference of two lists in any order: each expected one takes an actual one that no other needs more. With
 * `allowsMore` those that are left over do not count. null when there is none.
 */
export function diffInAnyOrder<E, A>(
  expected: readonly E[],
  actual: readonly A[],
  how: Comparison<E, A>,
  allowsMore: boolean
): DiffLine[] | null {
  /** Of each actual one, the expected one that has it. */
  const takenBy = new Map<number, number>()
  const missing = expected.filter((_, at) => !take(at, new Set()))
  const extra = actual.filter((_, at) => !takenBy.has(at))
  if (missing.length === 0 && (allowsMore || extra.length === 0)) return null
  return [
    ...missing.map((one): DiffLine => ({ sign: '-', text: how.showExpected(one) })),
    ...extra.map((one): DiffLine => ({ sign: allowsMore ? ' ' : '+', text: how.showActual(one) }))
  ]

  /** Finds an actual one for an expected one, moving others to theirs where that makes room (Kuhn's algorithm). */
  function take(wanted: number, tried: Set<number>): boolean {
    for (const [at, one] of actual.entries()) {
      if (tried.has(at) || !how.matches(expected[wanted]!, one)) continue
      tried.add(at)
      const owner = takenBy.get(at)
      if (owner === undefined || take(owner, tried)) {
        takenBy.set(at, wanted)
        return true
      }
    }
    return false
  }
}
