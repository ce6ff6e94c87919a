// `millrace start`: serves a data directory to Kafka's clients and over HTTP, and runs what is deployed there.
import { flushCompileCache } from 'node:module'
import { relative } from 'node:path'

import { MillraceError, letHeapGrow, packageVersion } from '../../base/index.ts'
import {
  LogServer,
  permanentFolder,
  readHttpAddress,
  readListenAddress
} from '../../server/index.ts'
import { counted, formatDuration, note } from '../output/output.ts'
import { readSecurityOptions } from '../options/security-options.ts'
import type { SecurityOptions } from '../options/security-options.ts'
import { StopSignals } from '../stop-signals.ts'
import { StrayErrors } from '../stray-errors.ts'

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
const STRAY_ERROR =
  'an error was thrown where nothing waits for it, and no deployment is known to have thrown it, so the server ends; ' +
  'what was committed is safe, and the next start goes on from there'

const STOPPING =
  'stopping: requests get 6 s to be answered, functions that do not return 20 s; Ctrl-C again ends at once, and ' +
  'what is acknowledged is safe'

/** Serves until a signal; resolves with the exit code when everything is closed. */
export async function start(options: StartOptions): Promise<number> {
  letHeapGrow()
  const address = readListenAddress('--listen', options.listen)
  const http = options.http === 'none' ? null : readHttpAddress('--http', options.http)
  const origins = (options.allowOrigin ?? []).map(readOrigin)
  const security = readSecurityOptions(options)
  const folder = permanentFolder(options.dataDir)
  const signals = new StopSignals(STOPPING)
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
    const stray = new StrayErrors({
      sentence: STRAY_ERROR,
      isOwned: error => server.deployments.failStray(error)
    })
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

/** @throws USAGE */
function readOrigin(text: string): string {
  if (/^https?:\/\/[^/?#\s]+$/.test(text)) return text
  throw new MillraceError(
    'USAGE',
    `--allow-origin ${text}: it takes the origin of a page, as in https://shop.example or http://localhost:5173`
  )
}
