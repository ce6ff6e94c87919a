// Durations and sizes as people write them.

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  msec: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  weeks: 604_800_000
}
const SIZE_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1000,
  kib: 1024,
  m: 1e6,
  mb: 1e6,
  mib: 1024 ** 2,
  g: 1e9,
  gb: 1e9,
  gib: 1024 ** 3,
  t: 1e12,
  tb: 1e12,
  tib: 1024 ** 4
}

/** `20s`, `1m 30s`, `250ms`, `7 days` in milliseconds; null when it is none of that or beyond 2^53. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim()
  if (trimmed.length > 100 || !/^(\d+(\.\d+)?\s*[a-z]+\s*)+$/i.test(trimmed)) return null
  let total = 0
  for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const factor = unitOf(DURATION_MS, unit!)
    if (factor === null) return null
    total += Number(count) * factor
  }
  const rounded = Math.round(total)
  return Number.isSafeInteger(rounded) ? rounded : null
}

/** `512`, `16 KiB`, `1GB` in bytes; null when it is none of that or beyond 2^53. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,16}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(text.trim())
  if (match === null) return null
  const factor = unitOf(SIZE_BYTES, match[2]!.toLowerCase())
  if (factor === null) return null
  const bytes = Math.round(Number(match[1]) * factor)
  return Number.isSafeInteger(bytes) ? bytes : null
}

function unitOf(units: Readonly<Record<string, number>>, unit: string): number | null {
  return Object.hasOwn(units, unit) ? units[unit]! : null
}
