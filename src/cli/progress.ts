// One line on the terminal that tells how far the input is: drawn over itself, never into a pipe.
import { formatBytes, formatDuration, formatNumber } from './output.ts'

const REDRAW_MS = 200
/** Shorter feeds show nothing. */
const QUIET_MS = 1000

/** How far a feed is. */
export interface ProgressState {
  readonly bytes: number
  readonly bytesTotal: number
  readonly records: number
}

/** Draws on stderr when that is a terminal; does nothing otherwise. */
export class Progress {
  readonly #on = process.stderr.isTTY === true
  readonly #startedAt = performance.now()
  #drawnAt = 0
  #drawn = false

  /** Draws, a few times a second at most. */
  show(state: ProgressState): void {
    const now = performance.now()
    if (!this.#on || now - this.#startedAt < QUIET_MS || now - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = now
    this.#drawn = true
    process.stderr.write(`\r\u001b[K${progressText(state, now - this.#startedAt)}`)
  }

  /** Takes the line away, so that other lines can be written. */
  clear(): void {
    if (this.#drawn) process.stderr.write('\r\u001b[K')
    this.#drawn = false
  }

  end(): void {
    this.clear()
  }
}

/** `42.0 % of 1.2 GB  812,000 records, 270,666 records/s, 4.1 s left`; without a total, no share and no rest. */
export function progressText(state: ProgressState, elapsedMs: number): string {
  const { bytes, bytesTotal, records } = state
  const perSecond = Math.round((records * 1000) / Math.max(1, elapsedMs))
  const rate = `${formatNumber(records)} records, ${formatNumber(perSecond)} records/s`
  if (bytesTotal === 0 || bytes === 0) return `feeding  ${rate}`
  const share = Math.min(1, bytes / bytesTotal)
  const left = formatDuration((elapsedMs * (1 - share)) / share)
  return `feeding  ${(share * 100).toFixed(1)} % of ${formatBytes(bytesTotal)}  ${rate}, ${left} left`
}
