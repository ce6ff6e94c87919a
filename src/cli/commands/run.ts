// `millrace run`: from arguments to a session, until it is drained, stopped or failed.
import { flushCompileCache } from 'node:module'
import { dirname, join, relative } from 'node:path'

import { MillraceError, letHeapGrow, sendConsoleToStderr } from '../../base/index.ts'
import {
  DATA_FOLDER_NAME,
  Session,
  checkExposure,
  checkRequest,
  ephemeralFolder,
  hasErrors,
  loadApplication,
  loadFiles,
  needsFunctions,
  permanentFolder
} from '../../server/index.ts'
import type {
  DataFolder,
  EngineFunctions,
  HttpServer,
  Listening,
  LoadedFiles,
  SessionRequest
} from '../../server/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { counted, formatDuration, note, print } from '../output/output.ts'
import { Progress } from '../output/progress.ts'
import { formatEntries, noteSummary } from '../output/run-summary.ts'
import { Shell } from '../shell/shell.ts'
import { completeResult, sqlText } from '../shell/sql.ts'
import { StopSignals } from '../stop-signals.ts'
import { StrayErrors } from '../stray-errors.ts'
import { readRunOptions } from './run-options.ts'
import type { RunOptions, RunRequest } from './run-options.ts'

// In one file with `run` in the built form: both need nearly all of the engine.
export { start } from './start.ts'

/** When a run has settled so far that writing a megabyte of compiled code disturbs nothing. */
const COMPILE_CACHE_AFTER_MS = 1_000

/** Rows of a query of `--sql`. */
const SQL_ROWS_MAX = 1_000_000

const STRAY_ERROR =
  'an error was thrown where nothing waits for it, so the run ends; a function of a dataflow must await what it ' +
  'starts, or catch what that throws; what was committed is safe, and the same command goes on from there'

const STOPPING =
  'stopping; Ctrl-C again ends at once, and the next start goes on from the last commit'

/** What is run: dataflows and the application of functions. */
type Loaded = Pick<SessionRequest, 'dataflows' | 'application'>

/** Runs dataflows and functions; resolves with the exit code when the run has ended and everything is closed. */
export async function run(paths: readonly string[], options: RunOptions): Promise<number> {
  letHeapGrow()
  const request = readRunOptions(options)
  const files = loadFiles(paths, { dev: options.dev === true })
  checkModuleOptions(request, files)
  // Files with functions may print as they are loaded.
  sendConsoleToStderr()
  const { application, diagnostics } = await loadApplication(files, request)
  const found = [...files.diagnostics, ...diagnostics]
  printDiagnostics(found, files.texts)
  if (hasErrors(found)) return 2
  refuseOnlyPackages(files)
  const loaded = { dataflows: files.dataflows, application }
  checkRequest({ ...request, ...loaded })
  const signals = new StopSignals(STOPPING)
  const strayErrors = new StrayErrors({ sentence: STRAY_ERROR })
  const folder = chooseFolder(request, files)
  const progress = new Progress()
  try {
    const session = await Session.open(sessionRequest(request, loaded, folder, progress))
    try {
      if (request.drain) return await drain(session, request, { signals, progress })
      return await goOn(session, request, { signals, progress })
    } finally {
      progress.end()
      await session.stop()
    }
  } finally {
    folder.remove()
    signals.release()
    strayErrors.release()
    // A read that waits would keep the process alive.
    process.stdin.destroy()
  }
}

function chooseFolder(request: RunRequest, { dataflows, modules }: LoadedFiles): DataFolder {
  if (request.ephemeral) return ephemeralFolder()
  const first = [...dataflows, ...modules][0]!.path
  return permanentFolder(request.dataDir ?? join(dirname(first), DATA_FOLDER_NAME))
}

/** A package alone does nothing. @throws USAGE there is nothing else */
function refuseOnlyPackages({ dataflows, modules, packages }: LoadedFiles): void {
  const [only] = packages
  if (only === undefined || dataflows.length + modules.length > 0) return
  throw new MillraceError(
    'USAGE',
    `${only.file} is a package, and only dataflows and modules run; name a dataflow that imports it, or test its ` +
      `functions with millrace test`
  )
}

/** Options that say something of functions need a module file or a sink. @throws USAGE */
function checkModuleOptions(request: RunRequest, files: LoadedFiles): void {
  if (needsFunctions(files) || hasErrors(files.diagnostics)) return
  const { functionFiles, localAddresses, allowPrivate, advanceMs } = request
  const given = [
    functionFiles.length > 0 ? '--functions' : '',
    localAddresses.length > 0 ? '--map-address' : '',
    allowPrivate ? '--allow-private' : '',
    advanceMs !== null ? '--advance-time' : ''
  ].filter(option => option !== '')
  if (given.length === 0) return
  throw new MillraceError(
    'USAGE',
    `${given.join(' and ')} belong${given.length > 1 ? '' : 's'} to functions, and there is no module file and no ` +
      'dataflow with a sink of the type function; name one, as in millrace run module.yaml'
  )
}

/** Who may come in where a run listens. @throws USAGE others can reach an address, and need not say who they are */
function protectionOf(
  { listen, http, security: settings, drain: isDrained }: RunRequest,
  folder: DataFolder,
  onNotice: (message: string) => void
): Pick<SessionRequest, 'isServed' | 'protection'> {
  if (isDrained) return { isServed: false }
  const listening: Listening[] = []
  if (listen !== null) listening.push({ option: '--listen', address: listen })
  if (http !== null) listening.push({ option: '--http', address: http })
  checkExposure(settings, listening)
  const isGuarded = settings.tls !== null || settings.auth === 'required'
  return {
    isServed: listen !== null || isGuarded,
    protection: { settings, listening, folder: folder.path, onNotice }
  }
}

function sessionRequest(
  request: RunRequest,
  loaded: Loaded,
  folder: DataFolder,
  progress: Progress
): SessionRequest {
  const { verbose } = request
  return {
    ...request,
    ...loaded,
    ...protectionOf(request, folder, message => {
      progress.clear()
      note(`security: ${message}`)
    }),
    folder,
    stdin: process.stdin,
    stdout: process.stdout,
    onLog: (dataflow, { level, service, operator, message }) => {
      if (level === 'debug' && !verbose) return
      progress.clear()
      note(`${level} ${dataflow} ${service}/${operator}: ${message}`)
    },
    onLogEvent: ({ routine, message }) => {
      if (routine && !verbose) return
      progress.clear()
      note(`log: ${message}`)
    },
    onFeedBegin: ({ given, topic }, beginning, lines) => {
      progress.clear()
      if (beginning === 'resumed' && lines > 0) {
        note(
          `${given}: ${counted(lines, 'line')} were fed into ${topic} before; going on behind them`
        )
      }
      if (beginning === 'replaced') {
        note(
          `${given}: another file than the one that was fed into ${topic} before; feeding it from its beginning`
        )
      }
    },
    onFeedProgress: state => progress.show(state)
  }
}

async function drain(
  session: Session,
  request: RunRequest,
  { signals, progress }: { readonly signals: StopSignals; readonly progress: Progress }
): Promise<number> {
  const draining = session.drain()
  const summary = await Promise.race([
    draining,
    session.engine.failure(),
    signals.first.then(() => null)
  ])
  progress.end()
  if (summary === null) {
    draining.catch(() => {})
    note('Stopped before everything was processed; the same command goes on from here.')
    return 1
  }
  for (const { name, entries } of summary.states) print(`${name}\n${formatEntries(entries)}`)
  for (const sql of request.sql) {
    const bounds = { rowsMax: SQL_ROWS_MAX, timeoutMs: request.sqlTimeoutMs }
    print(sqlText(await completeResult(session.engine, sql, bounds), request.sqlFormat))
  }
  noteSummary(summary)
  return 0
}

async function goOn(
  session: Session,
  request: RunRequest,
  { signals, progress }: { readonly signals: StopSignals; readonly progress: Progress }
): Promise<number> {
  const interactive =
    process.stdin.isTTY === true && !request.inputs.some(input => input.path === null)
  const http = await session.openHttp(request.http)
  const kafka =
    request.listen === null
      ? null
      : await session.openKafka(request.listen, message => {
          progress.clear()
          note(`kafka: ${message}`)
        })
  noteBeginning(session, { http, kafka }, interactive || request.shell)
  const ends: Promise<unknown>[] = [session.engine.failure(), signals.first]
  if (http !== null) ends.push(http.failure())
  // Both end the run only by failing; a feed that is done leaves it going on.
  const feeding = session.feed().then(({ rejected, reasons }) => {
    progress.end()
    return afterFeed(rejected, reasons)
  })
  ends.push(feeding)
  if (request.outputs.length > 0) ends.push(session.follow())
  let shell: Shell | null = null
  if (interactive || request.shell) {
    const settle = async (): Promise<void> => {
      await session.feed()
      await session.engine.settle()
    }
    shell = new Shell(session.engine, { input: process.stdin, interactive, settle })
    if (interactive) progress.moveTo(shell)
    ends.push(shell.run())
  }
  // Signals are no handle that keeps a process alive, and stdin may have ended: this does until the run ends.
  const alive = setInterval(() => {}, 2 ** 30)
  // Node keeps compiled code at a regular end only; a run that is killed would compile anew each time.
  const flushing = setTimeout(flushCompileCache, COMPILE_CACHE_AFTER_MS)
  try {
    await Promise.race(ends)
    return 0
  } finally {
    clearInterval(alive)
    clearTimeout(flushing)
    shell?.close()
    for (const end of ends) end.catch(() => {})
  }
}

function afterFeed(rejected: number, reasons: readonly string[]): Promise<never> {
  if (rejected > 0) {
    note(`${counted(rejected, 'line')} of the input went to _feed.dead-letter:`)
    for (const reason of reasons) note(`  ${reason}`)
  }
  return new Promise(() => {})
}

function noteBeginning(
  { engine }: Session,
  { http, kafka }: { readonly http: HttpServer | null; readonly kafka: RunRequest['listen'] },
  shell: boolean
): void {
  for (const { loaded, running } of engine.dataflows) {
    const { plan } = loaded
    const services = counted(plan.services.length, 'service')
    note(
      `${plan.namespace}/${plan.name}@${plan.version}  ${plan.file}, ${services}, ${counted(running.tasks, 'task')}`
    )
  }
  if (engine.functions !== null) noteFunctions(engine.functions)
  note(`topics  ${engine.topics.names().join(', ')}`)
  const { path, ephemeral } = engine.folder
  const near = relative(process.cwd(), path)
  note(`data    ${near.startsWith('..') ? path : near || '.'}${ephemeral ? ' (temporary)' : ''}`)
  const logins = engine.served.guard?.logins ?? null
  if (logins !== null && (http !== null || kafka !== null)) note(`logins  ${logins}`)
  for (const { url, routes } of http?.served ?? []) {
    note(`http    ${[url, ...routes].join('  ')}`)
  }
  if (kafka !== null) {
    note(`kafka   ${kafka.host.includes(':') ? `[${kafka.host}]` : kafka.host}:${kafka.port}`)
  }
  const stop = shell ? 'help lists the commands, exit stops' : 'Ctrl-C stops'
  note(`ready in ${formatDuration(performance.now())}; ${stop}`)
}

function noteFunctions({ application }: EngineFunctions): void {
  const { name, files, functions, endpoints } = application
  const parts = [
    functions.length > 0 ? counted(functions.length, 'function') : '',
    endpoints.length > 0 ? counted(endpoints.length, 'endpoint') : ''
  ]
  note(`${name}  ${[...files, ...parts].filter(part => part !== '').join(', ')}`)
}
