// One run from its start to its end: feeds inputs, drains or goes on, writes outputs, and stops in order.
import { packageVersion } from '../base/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import type { Log } from '../log/index.ts'
import type { DataflowMetrics, StateEntry } from '../runtime/contract.ts'
import type { RegistryOptions } from '../runtime/convert/index.ts'
import { readReasons } from './dead-letters.ts'
import type { DeadLetterReason } from './dead-letters.ts'
import { Engine } from './engine.ts'
import type { FunctionsTotals } from './functions/engine-functions.ts'
import { FEED_DEAD_LETTERS } from './feed/feed-batches.ts'
import { inputBytes } from './feed/feed-file.ts'
import { feed, forgetPositions } from './feed/feed.ts'
import type { FeedReport } from './feed/feed.ts'
import type { FeedTopic } from './feed/feed-topic.ts'
import { FollowedOutputs, writeOutputs } from './outputs.ts'
import type { OutputOptions } from './outputs.ts'
import { serveApi } from './http/api/index.ts'
import { HTTP_ADDRESS_DEFAULT, HttpServer, needsHttp } from './http/index.ts'
import type { HttpAddress } from './http/index.ts'
import { ServedHost } from './served-host.ts'
import type { OnClientProblem } from './served-log.ts'
import { resolveState, shownType } from './session-request.ts'
import type { SessionRequest } from './session-request.ts'

/** What a dataflow did in a drain. */
export interface DataflowSummary {
  readonly name: string
  readonly metrics: DataflowMetrics
  readonly deadLetterTopic: string | null
  readonly deadLetters: number
  readonly reasons: readonly DeadLetterReason[]
}

/** What the functions did in a drain. */
export interface FunctionsSummary {
  readonly name: string
  readonly totals: FunctionsTotals
  readonly deadLetterTopic: string
  readonly deadLetters: number
  readonly reasons: readonly DeadLetterReason[]
}

/** What a drain did. */
export interface DrainSummary {
  readonly dataflows: readonly DataflowSummary[]
  /** null when the run has none. */
  readonly functions: FunctionsSummary | null
  readonly feed: FeedReport
  readonly durationMs: number
  /** Outputs that no file declares and nothing was ever written to, with the topic that was perhaps meant. */
  readonly unwritten: readonly { readonly topic: string; readonly nearest: string | null }[]
  /** Entries of the states that were to be shown, in the order of the request. */
  readonly states: readonly { readonly name: string; readonly entries: readonly StateEntry[] }[]
}

/** Dead letters of a dataflow whose reasons a summary holds. */
const REASONS_MAX = 3

/** A run that has started. */
export class Session {
  readonly engine: Engine
  readonly #request: SessionRequest
  readonly #stop = new AbortController()
  readonly #startedAt: number
  #feeding: Promise<FeedReport> | null = null
  #followed: FollowedOutputs | null = null
  #http: HttpServer | null = null
  /** Answers those who wait for records over HTTP. */
  #endPolls: () => void = () => {}

  private constructor(engine: Engine, request: SessionRequest) {
    this.engine = engine
    this.#request = request
    this.#startedAt = engine.clock.monotonic()
  }

  /** Opens the data directory and starts the dataflows. @throws see {@link Engine.open} */
  static async open(request: SessionRequest): Promise<Session> {
    const prepare = (log: Log): Promise<void> => createOutputTopics(log, request)
    return new Session(await Engine.open({ ...request, prepare }), request)
  }

  /** Feeds the inputs; resolves when all is durable. Rejects when an input or the log fails. */
  feed(): Promise<FeedReport> {
    this.#feeding ??= this.#feed()
    return this.#feeding
  }

  /** Begins to write outputs as their records become durable; resolves when nobody reads stdout any more. */
  async follow(): Promise<void> {
    this.#followed = await FollowedOutputs.start(this.#outputOptions())
    await this.#followed.ended
  }

  /** Feeds everything, processes everything, writes the outputs, forgets the feed's positions. */
  async drain(): Promise<DrainSummary> {
    const report = await this.feed()
    for (const name of this.#request.show) {
      const typename = shownType(this.#request, name)
      if (typename !== null) this.engine.functions!.show(typename)
    }
    await this.engine.drain()
    const durationMs = this.engine.clock.monotonic() - this.#startedAt
    await writeOutputs(this.#outputOptions())
    const summary = {
      feed: report,
      durationMs,
      dataflows: await this.#summaries(),
      functions: await this.#functionsSummary(),
      unwritten: await this.#unwritten(),
      states: await this.#states()
    }
    await forgetPositions(this.engine.log, this.#request.inputs)
    return summary
  }

  /**
   * Opens HTTP where components need it, or at `address` when one is given. Gives what listens, null for nothing.
   * @throws HTTP_ADDRESS a port is in use
   */
  async openHttp(address: HttpAddress | null): Promise<HttpServer | null> {
    const { engine } = this
    const application = engine.functions?.application ?? null
    if (address === null && !needsHttp(application)) return null
    this.#http = await HttpServer.start({
      log: engine.log,
      clock: engine.clock,
      application,
      functions: engine.functions?.running ?? null,
      address: address ?? HTTP_ADDRESS_DEFAULT,
      isAsked: address !== null,
      security: engine.served.guard?.security ?? null,
      tls: engine.served.guard?.tls ?? null
    })
    if (address !== null) await this.#openApi(this.#http)
    return this.#http
  }

  /** The API of a server, but for deployments. */
  async #openApi(http: HttpServer): Promise<void> {
    const { engine } = this
    const { served, log, clock } = engine
    const host = new ServedHost({
      log,
      served,
      clock,
      version: packageVersion(),
      deployments: null,
      engines: () => [{ deployment: null, engine }],
      unready: () => null,
      onProblem: message => this.#request.onLogEvent({ routine: false, message })
    })
    this.#endPolls = await serveApi(http, { host, security: served.guard?.security ?? null })
  }

  /** Serves the log to Kafka's clients; gives where. @throws LISTEN_ADDRESS the port is in use */
  async openKafka(address: HttpAddress, onProblem: OnClientProblem): Promise<HttpAddress> {
    return await this.engine.served.serve(address, onProblem)
  }

  /** Stops HTTP, Kafka's clients, the feed, the dataflows, the outputs and the log, in this order. Idempotent. */
  async stop(): Promise<void> {
    const isServing = this.engine.functions?.running.status === 'running'
    this.#endPolls()
    // Replies come only while the functions run.
    await (isServing ? this.#http?.close() : this.#http?.close(0))
    await this.engine.served.stopServing()
    this.#stop.abort()
    // What these failed with, their callers have been told.
    await this.#feeding?.catch(() => {})
    await this.engine.stopDataflows()
    await this.#followed?.stop().catch(() => {})
    await this.engine.stop()
  }

  async #feed(): Promise<FeedReport> {
    const { inputs, inFormat, keySeparator, stdin } = this.#request
    const { log, clock, topics } = this.engine
    if (inputs.length === 0) return { records: 0, rejected: 0, reasons: [] }
    const feedTopics = new Map<string, FeedTopic>()
    for (const { topic } of inputs) {
      const { spec } = await log.describeTopic(topic)
      const compression = topics.compression(topic)
      const forms = await topics.feedForms(topic, this.#registries(topic, 'feed'))
      feedTopics.set(topic, { partitions: spec.partitions, compression, ...forms })
    }
    const bytesTotal = await inputBytes(inputs)
    return feed({
      log,
      clock,
      inputs,
      format: inFormat,
      keySeparator,
      topics: feedTopics,
      stdin,
      signal: this.#stop.signal,
      betweenFiles: () => this.engine.settle(this.#stop.signal),
      onBegin: (input, beginning, lines) => this.#request.onFeedBegin(input, beginning, lines),
      onProgress: progress => this.#request.onFeedProgress({ ...progress, bytesTotal })
    })
  }

  #registries(topic: string, part: 'feed' | 'out'): RegistryOptions {
    const { env, onLog } = this.#request
    const onWarning = (message: string): void =>
      onLog(part, { level: 'warn', service: topic, operator: 'registry', message })
    return { clock: this.engine.clock, env, onWarning }
  }

  async #summaries(): Promise<readonly DataflowSummary[]> {
    const summaries: DataflowSummary[] = []
    for (const dataflow of this.engine.dataflows) {
      const { topic, from } = dataflow.deadLetters
      const letters =
        topic === null
          ? { count: 0, reasons: [] }
          : await readReasons(this.engine.log, topic, from, REASONS_MAX)
      summaries.push({
        name: dataflow.name,
        metrics: await dataflow.metrics(),
        deadLetterTopic: topic,
        deadLetters: letters.count,
        reasons: letters.reasons
      })
    }
    return summaries
  }

  async #functionsSummary(): Promise<FunctionsSummary | null> {
    const { functions, log } = this.engine
    if (functions === null) return null
    const { topic, from } = functions.deadLetters
    const { count, reasons } = await readReasons(log, topic, from, REASONS_MAX)
    return {
      name: functions.name,
      totals: await functions.totals(),
      deadLetterTopic: topic,
      deadLetters: count,
      reasons
    }
  }

  async #unwritten(): Promise<DrainSummary['unwritten']> {
    const { log, topics } = this.engine
    const declared = topics.names()
    const asked = this.#request.outputs.map(output => output.topic)
    const empty: string[] = []
    const written: string[] = []
    for (const { name, status } of await log.listTopics()) {
      const isEmpty = status.partitions.every(partition => partition.endOffset === 0)
      if (!isEmpty) written.push(name)
      else if (asked.includes(name) && !declared.includes(name)) empty.push(name)
    }
    return empty
      .filter(topic => topic !== FEED_DEAD_LETTERS)
      .map(topic => ({ topic, nearest: nearestWord(topic, written) }))
  }

  async #states(): Promise<DrainSummary['states']> {
    const states: DrainSummary['states'][number][] = []
    for (const name of this.#request.show) {
      const typename = shownType(this.#request, name)
      if (typename !== null) {
        const reports = this.engine.functions!.shown(typename)
        const entries = reports.map(({ id, values }) => ({ key: id, value: values }))
        states.push({ name: typename, entries })
        continue
      }
      const found = resolveState(
        this.engine.dataflows.map(dataflow => dataflow.loaded.plan),
        name
      )
      const dataflow = this.engine.dataflows.find(one => one.name === found.dataflow)!
      states.push({ name: found.state, entries: await dataflow.stateEntries(found.state) })
    }
    return states
  }

  #outputOptions(): OutputOptions {
    const { outputs, outFormat, stdout } = this.#request
    const { log, topics } = this.engine
    return {
      log,
      topics,
      outputs,
      format: outFormat,
      stdout,
      registries: topic => this.#registries(topic, 'out'),
      signal: this.#stop.signal
    }
  }
}

/** Outputs whose topics nobody has declared: the feed's dead letters, and topics that functions name. */
async function createOutputTopics(
  log: Log,
  { outputs, partitions, workers }: SessionRequest
): Promise<void> {
  const names = new Set((await log.listTopics({ internal: true })).map(topic => topic.name))
  for (const { topic } of outputs) {
    if (names.has(topic)) continue
    names.add(topic)
    const isFeed = topic === FEED_DEAD_LETTERS
    await log.createTopic(topic, isFeed ? {} : { partitions: partitions ?? Math.max(1, workers) })
  }
}
