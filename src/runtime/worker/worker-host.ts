// Tasks in a worker thread, seen from the main thread.
import { Worker } from 'node:worker_threads'
import { MillraceError } from '../../base/index.ts'
import type { LogLine, StateEntry, WindowRows } from '../contract.ts'
import { declaredStates } from '../graph/service-states.ts'
import type { EntriesOptions, HostOptions, TaskHost, TaskReport } from '../host.ts'
import { Peer, dataOf, errorOf } from './peer.ts'
import { CONTROL, EVENT, type WorkerData } from './protocol.ts'
import { serveLog } from './remote-log.ts'

/** How long a thread may take to end its epoch, ms: far longer than the largest one takes. */
const STOP_MS_MAX = 20_000

/** As for a local host; the worker opens the stores itself. */
export interface WorkerHostOptions extends Omit<HostOptions, 'openStore'> {
  readonly storeFolder: string
}

/** One worker thread with some of the dataflow's tasks. */
export class WorkerHost implements TaskHost {
  readonly finished: Promise<void>
  readonly #options: WorkerHostOptions
  #worker: Worker | null = null
  #peer: Peer | null = null
  #exited: Promise<void> = Promise.resolve()
  #lastReports: readonly TaskReport[] | null = null
  #lastStateKeys: readonly number[] | null = null
  #lastWindowRows: ReadonlyMap<string, WindowRows> | null = null
  #finish!: (error: unknown) => void

  constructor(options: WorkerHostOptions) {
    this.#options = options
    this.finished = new Promise((resolve, reject) => {
      this.#finish = error => (error === null ? resolve() : reject(error))
    })
    this.finished.catch(() => {})
  }

  async start(): Promise<void> {
    const worker = new Worker(entryUrl(), { workerData: this.#data(), execArgv: execArgv() })
    const peer = new Peer(worker as ConstructorParameters<typeof Peer>[0])
    this.#worker = worker
    this.#peer = peer
    serveLog(peer, this.#options.log)
    peer.handle(EVENT.log, args => {
      this.#options.onLog(args as LogLine)
      return { value: null }
    })
    peer.handle(EVENT.finished, () => {
      this.#finish(null)
      return { value: null }
    })
    peer.handle(EVENT.failed, args => {
      this.#finish(errorOf(args as ReturnType<typeof dataOf>))
      return { value: null }
    })
    this.#exited = this.#watch(worker, peer)
    try {
      await peer.call(CONTROL.start, null)
    } catch (error) {
      await worker.terminate()
      throw error
    }
  }

  /**
   * Also ends the thread; what it counted stays known. One in which a function does not return is ended in the middle:
   * what it has not committed is done again at the next start.
   */
  async stop(): Promise<void> {
    const late = this.#options.clock.timer(STOP_MS_MAX, () => void this.#worker?.terminate())
    try {
      await this.#stop()
    } finally {
      late.cancel()
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#peer?.call(CONTROL.stop, null)
      this.#lastReports = await this.reports()
      this.#lastStateKeys = await this.stateKeys()
      const rows = new Map<string, WindowRows>()
      for (const { name, plan } of declaredStates(this.#options.plan)) {
        if (plan.windowed) rows.set(name, await this.windowRows(name))
      }
      this.#lastWindowRows = rows
    } catch {
      // A thread that is gone has stopped; why, `finished` says.
    }
    await this.finished.catch(() => {})
    await this.#worker?.terminate()
    await this.#exited
  }

  async settle(): Promise<number> {
    return (await this.#call(CONTROL.settle, null)) as number
  }

  async endTime(services: readonly string[]): Promise<void> {
    await this.#call(CONTROL.endTime, services)
  }

  async reports(): Promise<readonly TaskReport[]> {
    if (this.#lastReports !== null) return this.#lastReports
    return (await this.#call(CONTROL.reports, null)) as readonly TaskReport[]
  }

  async stateKeys(): Promise<readonly number[]> {
    if (this.#lastStateKeys !== null) return this.#lastStateKeys
    return (await this.#call(CONTROL.stateKeys, null)) as readonly number[]
  }

  async stateEntries(name: string, options: EntriesOptions): Promise<readonly StateEntry[]> {
    return (await this.#call(CONTROL.stateEntries, { name, options })) as readonly StateEntry[]
  }

  async windowRows(name: string): Promise<WindowRows> {
    const last = this.#lastWindowRows?.get(name)
    return last ?? ((await this.#call(CONTROL.windowRows, name)) as WindowRows)
  }

  #call(method: string, args: unknown): Promise<unknown> {
    return this.#peer!.call(method, args)
  }

  /** Resolves when the thread is gone; one that goes by itself fails the dataflow. */
  #watch(worker: Worker, peer: Peer): Promise<void> {
    return new Promise(resolve => {
      const gone = (error: Error) => {
        peer.close(error)
        this.#finish(error)
      }
      worker.once('error', error => gone(this.#crashed(error)))
      worker.once('exit', code => {
        gone(this.#crashed(new Error(`it ended with code ${code}`)))
        resolve()
      })
    })
  }

  #crashed(cause: unknown): MillraceError {
    const { plan, indexes } = this.#options
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new MillraceError(
      'WORKER_FAILED',
      `the worker thread with tasks ${indexes.join(', ')} of dataflow ${plan.name} is gone: ${reason}; ` +
        `expected it to run until stopped; start the dataflow again, it goes on from its last commit`,
      { cause, details: { dataflow: plan.name, tasks: indexes.join(',') } }
    )
  }

  #data(): WorkerData {
    const { plan, folder, tasks, indexes, partitions, positions, storeFolder, env } = this.#options
    const stateHotBytes = this.#options.stateHotBytes ?? null
    return {
      plan,
      folder,
      tasks,
      indexes,
      partitions,
      positions,
      storeFolder,
      env,
      stateHotBytes
    }
  }
}

/** The entry beside this file: TypeScript when run from source, JavaScript when built. */
function entryUrl(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./entry.${extension}`, import.meta.url)
}

/** The conditions of this process, so that the worker resolves the same files; no warnings about types. */
function execArgv(): string[] {
  const conditions = process.execArgv.filter(argument => /^(--conditions|-C)=/.test(argument))
  return [...conditions, '--disable-warning=ExperimentalWarning']
}
