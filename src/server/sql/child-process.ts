// The process that answers SQL, seen from the run: asked one thing at a time, and killed where it takes too long.
import { type ChildProcess, fork } from 'node:child_process'
import { MillraceError } from '../../base/index.ts'
import type { SqlAnswer, SqlRequest } from './protocol.ts'

/** One process. After {@link SqlProcess.isOver} it is of no use. */
export class SqlProcess {
  readonly #child: ChildProcess
  #waiting: { resolve(answer: SqlAnswer): void; reject(error: Error): void } | null = null
  #ended: Error | null = null

  constructor() {
    this.#child = fork(entryPath(), [], {
      serialization: 'advanced',
      execArgv: execArgv(),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
    this.#child.on('message', (answer: SqlAnswer) => {
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.resolve(answer)
    })
    const end = (error: Error): void => {
      this.#ended ??= error
      this.#waiting?.reject(this.#ended)
      this.#waiting = null
    }
    this.#child.on('error', error => end(failed(error.message)))
    this.#child.on('exit', (code, signal) =>
      // It ends itself where a query takes too much, as the system does where there is no more.
      end(signal === 'SIGKILL' ? tooLarge() : failed(`it ended with ${signal ?? `code ${code}`}`))
    )
    this.#rest()
  }

  /** Whether it was killed, or went by itself. */
  get isOver(): boolean {
    return this.#ended !== null
  }

  /**
   * Sends a request and waits for its answer; one at a time.
   * @throws SQL_TIMEOUT it took longer than `timeoutMs`: the process is killed · SQL_LIMIT so it is for its memory ·
   *   SQL_FAILED the process is gone
   */
  async ask(request: SqlRequest, timeoutMs: number | null = null): Promise<SqlAnswer> {
    if (this.#ended !== null) throw this.#ended
    this.#child.ref()
    this.#child.channel?.ref()
    const answer = new Promise<SqlAnswer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    const timer =
      timeoutMs === null
        ? null
        : setTimeout(() => {
            this.#ended = timedOut(timeoutMs)
            this.kill()
          }, timeoutMs)
    try {
      this.#child.send(request, error => {
        if (error !== null) this.#child.emit('error', error)
      })
      return await answer
    } finally {
      if (timer !== null) clearTimeout(timer)
      this.#rest()
    }
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Between requests it keeps nobody waiting. */
  #rest(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }
}

/** The entry beside this file: TypeScript when run from source, JavaScript when built. */
function entryPath(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./child.${extension}`, import.meta.url)
}

function execArgv(): string[] {
  const conditions = process.execArgv.filter(argument => /^(--conditions|-C)=/.test(argument))
  return [...conditions, '--disable-warning=ExperimentalWarning']
}

function failed(reason: string): MillraceError {
  return new MillraceError(
    'SQL_FAILED',
    `the process that answers SQL is gone: ${reason}; expected an answer; ask again: it starts anew`
  )
}

function tooLarge(): MillraceError {
  return new MillraceError(
    'SQL_LIMIT',
    'the query took more memory than it may and was ended; expected less; ask for fewer rows, groups or columns'
  )
}

function timedOut(timeoutMs: number): MillraceError {
  return new MillraceError(
    'SQL_TIMEOUT',
    `the query took longer than ${timeoutMs / 1000} s and was ended; ask for less, or for more time with --sql-timeout`
  )
}
