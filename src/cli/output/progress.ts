// One line on the terminal that tells how far the input is: drawn over itself, never into a pipe.
import { counted, formatBytes, formatDuration } from './output.ts'

const REDRAW_MS = 200
/** Shorter feeds show nothing. */
const QUIET_MS = 1000
const COLUMNS_DEFAULT = 80

/** How far a feed is. */
export interface ProgressState {
  readonly bytes: number
  readonly bytesTotal: number
  readonly records: number
}

/** Who has a prompt on the terminal: it shows the line above that, and takes it away with null. */
export interface ProgressHost {
  showStatus(text: string | null): void
}

/** Draws on stderr when that is a terminal; does nothing otherwise. */
export class Progress {
  readonly #label: string
  readonly #on = process.stderr.isTTY === true
  readonly #startedAt = performance.now()
  #host: ProgressHost | null = null
  #drawnAt = 0
  #drawn = false
  #ended = false

  /** `label` is what is done, as in "feeding". */
  constructor(label = 'feeding') {
    this.#label = label
  }

  /** From now on `host` draws: two that write to one line would write over each other. */
  moveTo(host: ProgressHost): void {
    this.clear()
    this.#host = host
  }

  /** Draws, a few times a second at most. */
  show(state: ProgressState): void {
    const now = performance.now()
    if (!this.#on || this.#ended) return
    if (now - this.#startedAt < QUIET_MS || now - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = now
    this.#drawn = true
    const text = progressText(state, now - this.#startedAt, this.#label)
    // A line that is wider than the terminal goes on in the next row, where nothing takes it away.
    const fitting = text.slice(0, (process.stderr.columns || COLUMNS_DEFAULT) - 1)
    if (this.#host === null) process.stderr.write(`\r\u001b[K${fitting}`)
    else this.#host.showStatus(fitting)
  }

  /** Takes the line away, so that other lines can be written. */
  clear(): void {
    if (!this.#drawn) return
    this.#drawn = false
    if (this.#host === null) process.stderr.write('\r\u001b[K')
    else this.#host.showStatus(null)
  }

  /** Takes the line away for good. */
  end(): void {
    this.clear()
    this.#ended = true
  }
}

/** `42.0 % of 1.2 GB  812,000 records, 270,666 records/s, 4.1 s left`; without a total, no share and no rest. */
export function progressText(state: ProgressState, elapsedMs: number, label = 'feeding'): string {
  const { bytes, bytesTotal, records } = state
  const perSecond = Math.round((records * 1000) / Math.max(1, elapsedMs))
  const rate = `${counted(records, 'record')}, ${counted(perSecond, 'record')}/s`
  if (bytesTotal === 0 || bytes === 0) return `${label}  ${rate}`
  const share = Math.min(1, bytes / bytesTotal)
  const left = formatDuration((elapsedMs * (1 - share)) / share)
  return `${label}  ${(share * 100).toFixed(1)} % of ${formatBytes(bytesTotal)}  ${rate}, ${left} left`
}
