// Durations in the notation of Flink: one number and one unit.

const UNIT_NS: Readonly<Record<string, number>> = {
  d: 864e11,
  day: 864e11,
  days: 864e11,
  h: 36e11,
  hour: 36e11,
  hours: 36e11,
  m: 6e10,
  min: 6e10,
  minute: 6e10,
  minutes: 6e10,
  s: 1e9,
  sec: 1e9,
  second: 1e9,
  seconds: 1e9,
  ms: 1e6,
  milli: 1e6,
  millis: 1e6,
  millisecond: 1e6,
  milliseconds: 1e6,
  µs: 1e3,
  micro: 1e3,
  micros: 1e3,
  microsecond: 1e3,
  microseconds: 1e3,
  ns: 1,
  nano: 1,
  nanos: 1,
  nanosecond: 1,
  nanoseconds: 1
}

/** `15min`, `1 day`, `20s`, `100000` in whole milliseconds, rounded up; null when it is none of that. */
export function parseFlinkDuration(text: string): number | null {
  const match = /^(\d{1,15})\s*([a-zµμ]*)$/.exec(text.trim().toLowerCase())
  if (match === null) return null
  const unit = match[2] === '' ? 'ms' : match[2]!.replace('μ', 'µ')
  if (!Object.hasOwn(UNIT_NS, unit)) return null
  const milliseconds = Math.ceil((Number(match[1]) * UNIT_NS[unit]!) / 1e6)
  return Number.isSafeInteger(milliseconds) ? milliseconds : null
}

const DATE = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3}) (?:([+-])(\d\d):?(\d\d)|Z)$/

/** `2026-01-31 12:00:00.000 +0100` in milliseconds since 1970; null when it is no such date. */
export function parseStartupDate(text: string): number | null {
  const match = DATE.exec(text.trim())
  if (match === null) return null
  const [year, month, day, hour, minute, second, millisecond] = match.slice(1, 8).map(Number)
  const time = Date.UTC(year!, month! - 1, day, hour, minute, second, millisecond)
  const written = new Date(time)
  // A day or an hour that does not exist is counted on by Date.
  if (written.getUTCDate() !== day || written.getUTCMonth() !== month! - 1) return null
  if (hour! > 23 || minute! > 59 || second! > 59) return null
  const sign = match[8] === '-' ? -1 : 1
  const offset = sign * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * 60_000
  return time - offset
}
