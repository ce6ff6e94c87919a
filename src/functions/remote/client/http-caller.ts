// One attempt of a call over HTTP/1.1: a pool of connections for each function, requests with their timeouts.
import type { Socket } from 'node:net'
import type { Pool, buildConnector } from 'undici'
import { type Clock, FUNCTION_PAYLOAD_BYTES_MAX, type Timer } from '../../../base/index.ts'
import { type EndpointPlan, endpointUrl } from '../../module/index.ts'
import { checkHost, guardedLookup } from './addresses.ts'
import { Attempt, Attempts } from './attempt.ts'
import { type AttemptTimer, timedOut } from './attempt-timer.ts'
import { CONTENT_TYPE } from './reply.ts'

/** Larger requests are written in parts, each with the write timeout. */
const PART_BYTES = 64 * 1024
/** How long the transport `okhttp`, which has no option for it, keeps idle connections. */
const IDLE_MS = 15_000
const HEADERS = {
  'content-type': CONTENT_TYPE,
  accept: CONTENT_TYPE,
  'user-agent': 'statefun'
}

/** PEM texts of the TLS options. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

/** Where the requests for one function go. */
interface Place {
  readonly pool: Pool
  readonly path: string
}

/** What an {@link HttpCaller} is made from. */
export interface HttpCallerOptions {
  readonly plan: EndpointPlan
  readonly clock: Clock
  /** Whether addresses in private networks may be called. */
  readonly allowPrivate: boolean
  readonly tls: TlsMaterial
}

/** Sends requests to the functions of one endpoint. */
export class HttpCaller {
  readonly #options: HttpCallerOptions
  readonly #attempts = new Attempts()
  /**
   * By the name part of the function's type, each with a pool of its own, as in StateFun: one that hangs takes no
   * connection from the others of its namespace.
   */
  readonly #places = new Map<string, Place>()

  constructor(options: HttpCallerOptions) {
    this.#options = options
  }

  /** Most bytes of a request and of a reply. */
  get bytesMax(): number {
    const { transport } = this.#options.plan
    return transport.kind === 'async' ? transport.payloadBytesMax : FUNCTION_PAYLOAD_BYTES_MAX
  }

  /**
   * Posts `request` once; `deadline` (monotonic) ends it.
   * @throws FUNCTION_CALL_TIMEOUT, FUNCTION_CALL_STATUS, FUNCTION_CALL_CONTENT_TYPE, FUNCTION_REPLY_TOO_LARGE,
   *   ENDPOINT_ADDRESS, the signal's reason, and what undici and the system have for lost connections
   */
  async post(
    functionName: string,
    request: Uint8Array,
    deadline: number,
    signal: AbortSignal
  ): Promise<Uint8Array> {
    const { plan, clock } = this.#options
    const { transport } = plan
    const readMs = transport.kind === 'okhttp' ? transport.readMs : Number.POSITIVE_INFINITY
    const { pool, path } = this.#places.get(functionName) ?? (await this.#open(functionName))
    const attempt = new Attempt({ clock, deadline, readMs, bytesMax: this.bytesMax })
    pool.dispatch(
      {
        method: 'POST',
        path,
        headers: { ...HEADERS, 'content-length': String(request.length) },
        body: this.#bodyOf(request, attempt.timer)
      },
      attempt
    )
    return this.#attempts.run(attempt, signal)
  }

  /** Closes all connections; calls under way fail. */
  async close(): Promise<void> {
    await Promise.all([...this.#places.values()].map(({ pool }) => pool.destroy()))
  }

  /** With `okhttp` in parts: the first is asked for on a connection, so waiting for one is not counted as writing. */
  #bodyOf(request: Uint8Array, timer: AttemptTimer): Uint8Array {
    const { transport } = this.#options.plan
    if (transport.kind === 'async') return request
    const parts: AsyncIterable<Uint8Array> = partsOf(request, written => {
      if (written) timer.phase('read', transport.readMs)
      else timer.phase('write', transport.writeMs)
    })
    // Not among undici's types of `request`, but among what it documents for `dispatch`.
    return parts as unknown as Uint8Array
  }

  /** Loads the client at the first call only: a run without remote functions starts without it. */
  async #open(functionName: string): Promise<Place> {
    const undici = await import('undici')
    const opened = this.#places.get(functionName)
    if (opened !== undefined) return opened
    const { origin, pathname, search } = new URL(endpointUrl(this.#options.plan.url, functionName))
    const place = { pool: this.#openPool(undici, origin), path: pathname + search }
    this.#places.set(functionName, place)
    return place
  }

  #openPool({ Pool, buildConnector }: typeof import('undici'), origin: string): Pool {
    const { plan, allowPrivate, tls } = this.#options
    const { transport, url } = plan
    const idleMs = transport.kind === 'async' ? transport.poolTtlMs : IDLE_MS
    const connect = buildConnector({
      ...tls,
      allowH2: false,
      // That of undici is only exact to the second.
      timeout: 0,
      lookup: guardedLookup(allowPrivate),
      ...(url.socketPath === null ? {} : { socketPath: url.socketPath })
    })
    return new Pool(origin, {
      connections: transport.kind === 'async' ? transport.poolSize : null,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      // The attempt's own timers are exact to the millisecond.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        try {
          if (url.socketPath === null) checkHost(options.hostname, allowPrivate)
        } catch (error) {
          callback(error as Error, null)
          return
        }
        const within = timedConnect(connect, this.#options.clock, transport.connectMs)
        within(options, callback)
      }
    })
  }
}

/** Connects, TLS included, within a time. */
function timedConnect(
  connect: buildConnector.connector,
  clock: Clock,
  limitMs: number
): buildConnector.connector {
  return (options, callback) => {
    let timer: Timer | null = null
    // The connector gives its socket at once, which its types leave out.
    const socket = connect(options, (...result) => {
      timer?.cancel()
      callback(...result)
    }) as unknown as Socket
    timer = clock.timer(limitMs, () => socket.destroy(timedOut('connect', limitMs)))
  }
}

/** The parts of a request; tells before each that writing goes on, and at the end that it is done. */
async function* partsOf(
  request: Uint8Array,
  onProgress: (written: boolean) => void
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < request.length; at += PART_BYTES) {
    onProgress(false)
    yield request.subarray(at, at + PART_BYTES)
  }
  onProgress(true)
}
