// `millrace start`: serves a data directory to Kafka's clients and over HTTP, and runs what is deployed there.
import { flushCompileCache } from 'node:module'
import { relative } from 'node:path'

import { MillraceError, letHeapGrow, messageOf } from '../../base/index.ts'
import {
  LogServer,
  permanentFolder,
  readHttpAddress,
  readListenAddress
} from '../../server/index.ts'
import { packageVersion } from '../main.ts'
import { counted, formatDuration, note } from '../output.ts'
import { readSecurityOptions } from '../security-options.ts'
import type { SecurityOptions } from '../security-options.ts'
import { StopSignals } from '../stop-signals.ts'

/** What the parser gives. */
export interface StartOptions extends SecurityOptions {
  readonly dataDir: string
  readonly listen: string
  readonly http: string
  readonly allowOrigin?: readonly string[]
  readonly verbose?: boolean
}

/** When a start has settled so far that writing compiled code disturbs nothing. */
const COMPILE_CACHE_AFTER_MS = 1_000
const EXIT_FAILED = 1

/** Serves until a signal; resolves with the exit code when everything is closed. */
export async function start(options: StartOptions): Promise<number> {
  letHeapGrow()
  const address = readListenAddress('--listen', options.listen)
  const http = options.http === 'none' ? null : readHttpAddress('--http', options.http)
  const origins = (options.allowOrigin ?? []).map(readOrigin)
  const security = readSecurityOptions(options)
  const folder = permanentFolder(options.dataDir)
  const signals = new StopSignals()
  // Signals are no handle that keeps a process alive.
  const alive = setInterval(() => {}, 2 ** 30)
  const flushing = setTimeout(flushCompileCache, COMPILE_CACHE_AFTER_MS)
  try {
    const server = await LogServer.start({
      folder: folder.path,
      address,
      http,
      security,
      origins,
      version: packageVersion(),
      onLogEvent: ({ routine, message }) => {
        if (!routine || options.verbose === true) note(`log: ${message}`)
      },
      onProblem: message => note(`client: ${message}`),
      onDeployment: (name, message) => note(`${name}: ${message}`)
    })
    const stray = new StrayErrors(server)
    try {
      noteBeginning(server, folder.path)
      await signals.first
      return 0
    } finally {
      await server.stop()
      stray.release()
    }
  } finally {
    clearInterval(alive)
    clearTimeout(flushing)
    signals.release()
  }
}

function noteBeginning(server: LogServer, folder: string): void {
  const { host, port } = server.address
  const near = relative(process.cwd(), folder)
  note(`kafka   ${host.includes(':') ? `[${host}]` : host}:${port}`)
  if (server.url !== null) note(`http    ${server.url}`)
  if (server.logins !== null) note(`logins  ${server.logins}`)
  const deployed = server.deployments.list().length
  const parts = [counted(server.topics, 'topic'), counted(deployed, 'deployment')]
  note(`data    ${near.startsWith('..') ? folder : near || '.'}, ${parts.join(', ')}`)
  note(`ready in ${formatDuration(performance.now())}; Ctrl-C stops`)
}

/** Errors that are thrown outside of every call: by what a deployed function started and did not wait for. */
class StrayErrors {
  readonly #server: LogServer
  readonly #onError = (error: unknown): void => {
    this.#server.deployments.failStray(error).then(
      isOwned => {
        if (!isOwned) end(error)
      },
      () => end(error)
    )
  }

  constructor(server: LogServer) {
    this.#server = server
    process.on('uncaughtException', this.#onError)
  }

  release(): void {
    process.off('uncaughtException', this.#onError)
  }
}

function end(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
  note(
    'millrace: an error was thrown where nothing waits for it, and no deployment is known to have thrown it, so the ' +
      `server ends; what was committed is safe, and the next start goes on from there:\n${text}`
  )
  process.exit(EXIT_FAILED)
}

/** @throws USAGE */
function readOrigin(text: string): string {
  if (/^https?:\/\/[^/?#\s]+$/.test(text)) return text
  throw new MillraceError(
    'USAGE',
    `--allow-origin ${text}: it takes the origin of a page, as in https://shop.example or http://localhost:5173`
  )
}
