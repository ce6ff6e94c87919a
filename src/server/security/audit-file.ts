// The audit log: one event a line, as JSON, in files of a bounded size of which the oldest go.
//
//   U1  Events that repeat within a minute (a client that is refused again and again) are one line, with a count.
//   U2  Nobody waits for the file. What cannot be written is counted, and the count is written when it can.
//   U3  Files are readable by their owner only. No event holds a secret: see `AuditEvent`.
import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { messageOf } from '../../base/index.ts'
import type { Clock, Timer } from '../../base/index.ts'
import type { Audit, AuditEvent } from '../../security/index.ts'

const FILE_BYTES_MAX = 16 * 1024 * 1024
const FILES_MAX = 8
const LINES_WAITING_MAX = 10_000
const REPEATS_MS = 60_000
const REPEATED_MAX = 1_000
const REPEATING: ReadonlySet<string> = new Set(['denied', 'login-failed', 'login'])

/** Folder of the audit log in a data directory, and the file that is written. */
export const AUDIT_FOLDER = 'audit'
export const AUDIT_FILE = 'audit.jsonl'

/** What an audit log is made of. */
export interface AuditFileOptions {
  readonly dataFolder: string
  readonly clock: Clock
  /** Told once when the file cannot be written, and again after it could. */
  readonly onProblem: (message: string) => void
  readonly bytesMax?: number
  readonly filesMax?: number
}

/** Writes events. Nothing is made on the disk before the first one. */
export class AuditFile implements Audit {
  readonly #options: AuditFileOptions
  readonly #folder: string
  readonly #repeats = new Map<string, { readonly event: AuditEvent; count: number }>()
  #lines: string[] = []
  #dropped = 0
  #writing: Promise<void> | null = null
  #bytes = -1
  #isBroken = false
  #timer: Timer | null = null

  constructor(options: AuditFileOptions) {
    this.#options = options
    this.#folder = join(options.dataFolder, AUDIT_FOLDER)
  }

  note(event: AuditEvent): void {
    if (REPEATING.has(event.kind)) {
      const key = JSON.stringify(event)
      const known = this.#repeats.get(key)
      if (known !== undefined) {
        known.count++
        return
      }
      if (this.#repeats.size >= REPEATED_MAX) this.#endRepeats()
      this.#repeats.set(key, { event, count: 0 })
      this.#timer ??= this.#options.clock.timer(REPEATS_MS, () => this.#endRepeats(), {
        unref: true
      })
    }
    this.#push(event, 0)
  }

  /** Writes what waits; nothing may be noted afterwards. */
  async close(): Promise<void> {
    this.#endRepeats()
    while (this.#writing !== null) await this.#writing
  }

  /** U1. */
  #endRepeats(): void {
    this.#timer?.cancel()
    this.#timer = null
    for (const { event, count } of this.#repeats.values()) {
      if (count > 0) this.#push(event, count)
    }
    this.#repeats.clear()
  }

  /** U2. */
  #push(event: AuditEvent, repeats: number): void {
    if (this.#lines.length >= LINES_WAITING_MAX) {
      this.#dropped++
      return
    }
    const time = new Date(this.#options.clock.now()).toISOString()
    const line = repeats === 0 ? { time, ...event } : { time, ...event, repeats }
    this.#lines.push(`${JSON.stringify(line)}\n`)
    this.#flush()
  }

  #flush(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
      // Noted when everything had been written, and this was not told yet.
      if (this.#lines.length > 0) this.#flush()
    })
  }

  async #write(): Promise<void> {
    while (this.#lines.length > 0) {
      const text = this.#take()
      try {
        await this.#append(text)
        this.#isBroken = false
      } catch (error) {
        this.#dropped += text.split('\n').length - 1
        if (!this.#isBroken)
          this.#options.onProblem(`the audit log cannot be written: ${messageOf(error)}`)
        this.#isBroken = true
      }
    }
  }

  #take(): string {
    const lines = this.#lines
    this.#lines = []
    if (this.#dropped > 0) {
      const time = new Date(this.#options.clock.now()).toISOString()
      const outcome = `${this.#dropped} events were not written`
      lines.push(
        `${JSON.stringify({ time, kind: 'server', principal: null, host: null, door: 'local', outcome })}\n`
      )
      this.#dropped = 0
    }
    return lines.join('')
  }

  async #append(text: string): Promise<void> {
    const path = join(this.#folder, AUDIT_FILE)
    if (this.#bytes < 0) {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      this.#bytes = (await stat(path).catch(() => null))?.size ?? 0
    }
    const bytes = Buffer.byteLength(text)
    if (this.#bytes > 0 && this.#bytes + bytes > (this.#options.bytesMax ?? FILE_BYTES_MAX)) {
      await this.#rotate(path)
    }
    await appendFile(path, text, { mode: 0o600 })
    this.#bytes += bytes
  }

  /** `audit.1.jsonl` is the newest of the old ones. */
  async #rotate(path: string): Promise<void> {
    const nameOf = (age: number): string => join(this.#folder, `audit.${age}.jsonl`)
    for (let age = (this.#options.filesMax ?? FILES_MAX) - 2; age >= 1; age--) {
      await rename(nameOf(age), nameOf(age + 1)).catch(ignoreMissing)
    }
    await rename(path, nameOf(1)).catch(ignoreMissing)
    this.#bytes = 0
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
