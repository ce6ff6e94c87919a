// What a deployment said: the newest lines, in two files that take turns, so that the space is bounded.
//
// Lines are not synced: what a crash loses of them is worth less than a sync for each. They are written in batches, and
// where functions say more than that takes, lines are left out and counted.
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock, Timer } from '../../base/index.ts'
import type { DeploymentLogLine } from './contract.ts'

/** Bytes of one of the two files. */
const FILE_BYTES_MAX = 1024 * 1024
/** Bytes that wait to be written. */
const WAITING_BYTES_MAX = 256 * 1024
const FLUSH_MS = 100
/** Characters of a message; the rest is left out. */
const MESSAGE_LENGTH_MAX = 8_000

/** The log of one deployment. */
export class LogRing {
  readonly #folder: string
  readonly #clock: Clock
  readonly #listeners = new Set<(line: DeploymentLogLine) => void>()
  readonly #bytesMax: number
  readonly #ended = new AbortController()
  #waiting: string[] = []
  #waitingBytes = 0
  #left = 0
  #size: number | null = null
  #timer: Timer | null = null

  constructor(folder: string, clock: Clock, bytesMax: number = FILE_BYTES_MAX) {
    this.#folder = folder
    this.#clock = clock
    this.#bytesMax = bytesMax
  }

  /** Aborts when there will be no more lines. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Notes a line. */
  add(line: Omit<DeploymentLogLine, 'time'>): void {
    if (this.ended.aborted) return
    const message =
      line.message.length > MESSAGE_LENGTH_MAX
        ? `${line.message.slice(0, MESSAGE_LENGTH_MAX)}…`
        : line.message
    const whole: DeploymentLogLine = { time: this.#clock.now(), ...line, message }
    for (const listener of this.#listeners) listener(whole)
    if (this.#waitingBytes > WAITING_BYTES_MAX) {
      this.#left++
      return
    }
    this.#push(whole)
    this.#timer ??= this.#clock.timer(FLUSH_MS, () => this.flush(), { unref: true })
  }

  /** Tells of new lines until the function that it gives is called. */
  listen(listener: (line: DeploymentLogLine) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The newest `limit` lines, oldest first. */
  tail(limit: number): readonly DeploymentLogLine[] {
    this.flush()
    const lines = [1, 0].flatMap(index => linesOf(this.#path(index)))
    const newest = limit === 0 ? [] : lines.slice(-limit)
    return newest.map(line => JSON.parse(line) as DeploymentLogLine)
  }

  /** Writes what waits, and takes no more: the folder may be removed. */
  end(): void {
    this.flush()
    this.#ended.abort()
  }

  /** Writes what waits. A disk that takes nothing loses lines, and nothing else. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#left > 0) {
      const message = `${this.#left} lines were left out: they came faster than they could be written`
      const none = { source: '', service: '', operator: '' }
      this.#left = 0
      this.#push({ time: this.#clock.now(), level: 'warn', ...none, message })
    }
    if (this.#waiting.length === 0) return
    const text = this.#waiting.join('')
    this.#waiting = []
    this.#waitingBytes = 0
    try {
      this.#append(text)
    } catch {
      this.#size = null
    }
  }

  #push(line: DeploymentLogLine): void {
    const text = `${JSON.stringify(line)}\n`
    this.#waiting.push(text)
    this.#waitingBytes += text.length
  }

  #append(text: string): void {
    const current = this.#path(0)
    if (this.#size === null) {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      this.#size = statSync(current, { throwIfNoEntry: false })?.size ?? 0
    }
    if (this.#size > this.#bytesMax) {
      renameSync(current, this.#path(1))
      this.#size = 0
    }
    appendFileSync(current, text, { mode: 0o600 })
    this.#size += Buffer.byteLength(text)
  }

  #path(index: number): string {
    return join(this.#folder, `log-${index}.jsonl`)
  }
}

/** Whole lines of a file; one that a crash has cut is left out. */
function linesOf(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  const lines = text.split('\n')
  lines.pop()
  return lines.filter(line => line.startsWith('{') && line.endsWith('}'))
}
