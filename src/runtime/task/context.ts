// The `ctx` of users' functions: reads lazily from the frame, so that what is not asked for costs nothing.
import type { Headers, Frame } from './frame.ts'
import type { LogLine } from '../contract.ts'
import type { SqlParameter } from '../../sql/index.ts'
import type { AskSql } from './task-sql.ts'
import type { WindowBounds } from './window-scope.ts'

/** What a context is made from. */
export interface ContextOptions {
  readonly frame: Frame
  /** Whether the step stands in a partition: `key` is then what assign-key gave. */
  readonly inPartition: boolean
  readonly params: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, unknown>>
  readonly log: ContextLog
  readonly sql: AskSql
}

/** `ctx.log`. */
export interface ContextLog {
  debug(message: unknown): void
  info(message: unknown): void
  warn(message: unknown): void
  error(message: unknown): void
}

/**
 * One per step of a chain. What it tells is true while its function runs, also after an await; it belongs
 * to the record under way and must not be kept.
 */
export class RecordContext {
  readonly params: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly state: Readonly<Record<string, unknown>>
  readonly log: ContextLog
  readonly #sql: AskSql
  readonly #frame: Frame
  readonly #inPartition: boolean

  constructor(options: ContextOptions) {
    this.#frame = options.frame
    this.#inPartition = options.inPartition
    this.params = options.params
    this.env = options.env
    this.state = options.state
    this.log = options.log
    this.#sql = options.sql
  }

  /** In a partition what assign-key gave, else the record's key; null for none. @throws RECORD_UNDECODABLE */
  get key(): unknown {
    return this.#inPartition ? this.#frame.stateKey : this.#frame.key
  }

  /** The window that is worked on; null outside of windows. */
  get window(): WindowBounds | null {
    return this.#frame.window
  }

  /** Milliseconds since the epoch. */
  get timestamp(): number {
    return this.#frame.timestamp
  }

  /** Asks the states that the service sees, as of now. @throws SQL_INVALID, SQL_LIMIT */
  sql(query: string, ...parameters: SqlParameter[]): Record<string, unknown>[] {
    return this.#sql(query, parameters, this.#frame.window)
  }

  get headers(): Headers {
    return this.#frame.headers()
  }

  get topic(): string {
    return this.#frame.topic
  }

  get partition(): number {
    return this.#frame.partition
  }

  /** −1 for a record that another service of the same task has just made. */
  get offset(): number {
    return this.#frame.offset
  }
}

/** A logger whose lines name their service and operator. Anything but text is shown as JSON. */
export function contextLog(
  service: string,
  operator: string,
  onLog: (line: LogLine) => void
): ContextLog {
  const at = (level: LogLine['level']) => (message: unknown) =>
    onLog({ level, service, operator, message: textOf(message) })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** JSON has no bigints. */
function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message
  if (message instanceof Error) return message.stack ?? message.message
  try {
    return JSON.stringify(message, plain) ?? String(message)
  } catch {
    return String(message)
  }
}
