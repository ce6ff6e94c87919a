// The header Prefer (RFC 7240): how long a caller wants to wait.

/** How a caller would like to be answered. */
export interface Preference {
  /** How long the caller wants to wait at most; null: as the ingress says. */
  readonly waitMs: number | null
  readonly isAsync: boolean
  /** What `Preference-Applied` says. */
  readonly applied: string | null
}

/** RFC 7240: `wait=SECONDS` and `respond-async`; what else stands there is ignored, as it asks. */
export function readPreference(header: string | readonly string[] | undefined): Preference {
  const none = { waitMs: null, isAsync: false, applied: null }
  if (header === undefined) return none
  const words = [header]
    .flat()
    .join(',')
    .split(',')
    .map(word => word.trim().toLowerCase())
  for (const word of words) {
    const seconds = /^wait *= *"?(\d{1,9})"?$/.exec(word)?.[1]
    if (seconds !== undefined && seconds !== '0') {
      return { waitMs: Number(seconds) * 1_000, isAsync: false, applied: `wait=${seconds}` }
    }
    if (word === 'respond-async' || seconds === '0') {
      return { waitMs: null, isAsync: true, applied: 'respond-async' }
    }
  }
  return none
}
