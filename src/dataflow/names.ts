// Names in their three spellings, and the nearest word to a mistyped one.

const NEAREST_WORD_LENGTH_MAX = 64

/** Words of a name in any spelling: `HTTPServer_v2` gives http, server, v2. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .split(/[^A-Za-z0-9]+/)
    .filter(word => word !== '')
    .map(word => word.toLowerCase())
}

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** `wordCount`, `word_count` and `WordCount` as `word-count`. */
export function toKebab(name: string): string {
  return wordsOf(name).join('-')
}

/** `word-count` as `wordCount`. */
export function toCamel(name: string): string {
  const [first = '', ...rest] = wordsOf(name)
  return first + rest.map(capitalised).join('')
}

/** `word-count` as `WordCount`. */
export function toPascal(name: string): string {
  return wordsOf(name).map(capitalised).join('')
}

/** `word-count` as `word_count`. */
export function toSnake(name: string): string {
  return wordsOf(name).join('_')
}

/** Whether a name can stand in code as it is: as a property behind a dot, or as a function's name. */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name)
}

/** The candidate that `word` most probably meant, or null when none is near (a third of its letters wrong). */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  if (word.length > NEAREST_WORD_LENGTH_MAX) return null
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  const lower = word.toLowerCase()
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(lower, candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment); at most `bound`. */
function editDistance(a: string, b: string, bound: number): number {
  let twoBack: number[] = []
  let back = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    let smallest = row
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(
        back[column]! + 1,
        line[column - 1]! + 1,
        back[column - 1]! + (same ? 0 : 1)
      )
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, twoBack[column - 2]! + 1)
      line.push(cost)
      smallest = Math.min(smallest, cost)
    }
    if (smallest >= bound) return bound
    twoBack = back
    back = line
  }
  return back[b.length]!
}
