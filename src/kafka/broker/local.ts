// A broker without a door: requests of the same process, answered as if they came over a connection.
//
// Requests take the way of the wire, layouts included, so that what is left out has its default and what checks
// requests checks these too. For logs that nobody else serves: a data directory that a client opened itself.
import type { Clock, Random } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import { Security, type Identity } from '../../security/index.ts'
import {
  apiNamed,
  FrameReader,
  FrameWriter,
  readResponse,
  readResponseHeader,
  writeRequest,
  writeRequestHeader,
  type ApiName,
  type RequestOf,
  type ResponseOf,
  type Sparse
} from '../wire/index.ts'
import { openContext } from './broker.ts'
import type { BrokerState } from './broker-state.ts'
import type { BrokerSettings, Caller } from './context.ts'
import { openRequest } from './connections/dispatch.ts'
import { Login } from './security/login.ts'

const FRAME_LENGTH_BYTES = 4
/** Whoever may open the data directory may do everything in it, access rules and users included. */
const OWNER: Identity = { principal: 'User:OWNER', host: 'this process', door: 'local' }

/** What a local broker is made of. */
export interface LocalBrokerOptions {
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
  readonly state: BrokerState
  readonly settings?: Partial<BrokerSettings>
  /** Name of the caller, for people. */
  readonly clientId: string
}

/** Answers requests of this process. */
export interface LocalBroker {
  /** Asks one request. Resolves with its whole response; error codes in it are the caller's to look at. */
  call<Name extends ApiName>(
    name: Name,
    version: number,
    request: Sparse<RequestOf<Name>>
  ): Promise<ResponseOf<Name>>
  /** Stops timers; whoever opened log and state closes them. */
  close(): void
}

/** Puts a broker together over a log that nobody else serves. @throws BROKER_STATE_DAMAGED */
export async function openLocalBroker(options: LocalBrokerOptions): Promise<LocalBroker> {
  const { clock, random, state } = options
  const security = await Security.open({
    memory: state.store,
    clock,
    random,
    superUsers: [OWNER.principal],
    isRequired: true
  })
  const context = await openContext({ ...options, security }, state)
  const login = new Login({
    security,
    clock,
    random,
    host: OWNER.host,
    isEncrypted: false,
    certified: OWNER.principal,
    sessionLifetimeMs: 0
  })
  const ended = new AbortController()
  const caller = (): Caller => ({
    clientId: options.clientId,
    clientHost: 'this process',
    address: { host: 'this process', port: 0 },
    signal: ended.signal,
    identity: OWNER,
    login,
    memory: context.memory.lend()
  })
  let correlationId = 0
  return {
    call: async (name, version, request) => {
      const api = apiNamed(name)!
      const writer = new FrameWriter()
      const header = { apiKey: api.key, apiVersion: version, clientId: options.clientId }
      writeRequestHeader(writer, api, { ...header, correlationId: ++correlationId })
      writeRequest(name, version, writer, request)
      const frame = Buffer.concat(writer.finish()).subarray(FRAME_LENGTH_BYTES)
      const pieces = await openRequest(frame, caller, () => null).answer(context)
      const bytes = Buffer.concat(pieces ?? []).subarray(FRAME_LENGTH_BYTES)
      // What this program wrote itself may be of any size.
      const reader = new FrameReader(bytes, 0, bytes.length, { elements: Infinity })
      readResponseHeader(reader, api, version)
      return readResponse(name, version, reader)
    },
    close: () => {
      ended.abort()
      context.groups.close()
    }
  }
}
