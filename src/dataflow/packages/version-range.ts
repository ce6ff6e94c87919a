// Versions of packages and ranges of them, as npm writes them: 1.2.3, ^1.2.0, ~1.2, 1.x, >=1.0.0 <2.0.0, a || b.

/** Three numbers; what stands behind a hyphen comes before the version itself, what stands behind a plus counts not. */
interface Version {
  readonly numbers: readonly [number, number, number]
  readonly pre: string
}

const PART = String.raw`(\d{1,9}|[xX*])`
const PARTIAL = new RegExp(
  `^${PART}(?:\\.${PART})?(?:\\.${PART})?(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?$`
)

/** Whether a range is one, and takes the version; null when the text is no range. */
export function isInRange(version: string, range: string): boolean | null {
  const read = readVersion(version)
  const alternatives = range.split('||').map(part => readAlternative(part.trim()))
  if (read === null || alternatives.includes(null)) return null
  return alternatives.some(tests => tests!.every(test => test(read)))
}

type Test = (version: Version) => boolean

const above = (bound: Version): Test => {
  return version => compare(version, bound) >= 0 && samePre(version, bound)
}
const below = (upTo: Version): Test => {
  return version => compare({ ...version, pre: '' }, upTo) < 0
}

function readAlternative(text: string): readonly Test[] | null {
  const parts = text.replaceAll(/(>=|<=|>|<|=|\^|~)\s+/g, '$1').split(/\s+/)
  const tests = parts.map(readComparator)
  return tests.includes(null) ? null : tests.map(test => test!)
}

function readComparator(text: string): Test | null {
  const match = /^(>=|<=|>|<|=|\^|~)?v?(.*)$/.exec(text)!
  const [, operator = '=', rest = ''] = match
  const partial = readPartial(rest)
  if (partial === null) return null
  const { from, given } = partial
  const both = (upTo: Version): Test => {
    return version => above(from)(version) && below(upTo)(version)
  }
  if (given === 0) return version => version.pre === ''
  switch (operator) {
    case '^':
      return both(next(from, caretIndex(from, given)))
    case '~':
      return both(next(from, given === 1 ? 0 : 1))
    case '>=':
      return above(from)
    case '>':
      return given === 3
        ? version => compare(version, from) > 0 && samePre(version, from)
        : above(next(from, given - 1))
    case '<':
      return version => compare(version, from) < 0 && samePre(version, from)
    case '<=':
      return given === 3
        ? version => compare(version, from) <= 0 && samePre(version, from)
        : below(next(from, given - 1))
    default:
      return given === 3 ? version => compare(version, from) === 0 : both(next(from, given - 1))
  }
}

/** Versions that are not finished count only where the range names one of the same three numbers. */
function samePre(version: Version, bound: Version): boolean {
  if (version.pre === '') return true
  return bound.pre !== '' && version.numbers.every((number, at) => number === bound.numbers[at])
}

/** The number that a caret holds: the first that is not zero. */
function caretIndex({ numbers }: Version, given: number): number {
  const first = numbers.findIndex(number => number > 0)
  return first < 0 ? given - 1 : Math.min(first, given - 1)
}

function next({ numbers }: Version, index: number): Version {
  const [major, minor, patch] = numbers
  const raised: Version['numbers'] =
    index === 0
      ? [major + 1, 0, 0]
      : index === 1
        ? [major, minor + 1, 0]
        : [major, minor, patch + 1]
  return { numbers: raised, pre: '' }
}

function readVersion(text: string): Version | null {
  const partial = readPartial(text)
  return partial === null || partial.given < 3 ? null : partial.from
}

/** A version that may lack parts; `given` is how many there are. */
function readPartial(text: string): { readonly from: Version; readonly given: number } | null {
  if (text === '' || text === '*') return { from: { numbers: [0, 0, 0], pre: '' }, given: 0 }
  const match = PARTIAL.exec(text)
  if (match === null) return null
  const parts = match.slice(1, 4)
  const open = parts.findIndex(part => part === undefined || /[xX*]/.test(part))
  const given = open < 0 ? 3 : open
  const [major, minor, patch] = parts.map((part, at) => (at < given ? Number(part) : 0))
  return { from: { numbers: [major!, minor!, patch!], pre: match[4] ?? '' }, given }
}

function compare(a: Version, b: Version): number {
  for (const [at, number] of a.numbers.entries()) {
    if (number !== b.numbers[at]) return number - b.numbers[at]!
  }
  if (a.pre === b.pre) return 0
  if (a.pre === '' || b.pre === '') return a.pre === '' ? 1 : -1
  return comparePre(a.pre.split('.'), b.pre.split('.'))
}

/** Numbers by value and before words, words by their letters, the shorter one first. */
function comparePre(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]]
    if (left === right) continue
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1
    const [isLeft, isRight] = [/^\d+$/.test(left), /^\d+$/.test(right)]
    if (isLeft && isRight) return Number(left) - Number(right)
    if (isLeft !== isRight) return isLeft ? -1 : 1
    return left < right ? -1 : 1
  }
  return 0
}
