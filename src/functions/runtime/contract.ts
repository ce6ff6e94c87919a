// What a running application of stateful functions offers, and what it needs to start.
import type { Clock } from '../../base/index.ts'
import type { Log, LogData } from '../../log/log.ts'
import type { RecordHeader } from '../../record/index.ts'
import type { DataflowStatus, FirstPosition, LogLine } from '../../runtime/contract.ts'
import type { StateStore } from '../../state/contract.ts'
import type {
  Address,
  Effects,
  Expiration,
  Invocation,
  OutgoingMessage,
  StatefulFunction,
  TypedValue
} from '../sdk/index.ts'
import type { HandedRecord } from './ingress/entrance.ts'
import type { LatencySummary } from './histogram.ts'

/** What an application is started with. */
export interface FunctionsOptions {
  /** Names its topics and group; unique among the applications on a log. */
  readonly name: string
  /** Functions in this process. */
  readonly functions: readonly StatefulFunction[]
  /** Functions elsewhere. */
  readonly endpoints?: readonly FunctionEndpoint[]
  readonly ingresses: readonly IngressSpec[]
  readonly egresses: readonly EgressSpec[]
  /** What happens to a function that throws, before its message becomes a dead letter. Default: no retries. */
  readonly retries?: RetryPolicy
  /** How many tasks share the addresses. Default 1. An application keeps its number for life. */
  readonly tasks?: number
  readonly log: LogData & Pick<Log, 'listTopics'>
  readonly clock: Clock
  /** Where task `index` keeps its cold state; the application closes it. */
  openStore(index: number): Promise<StateStore>
  /**
   * Tells how many partitions a topic has that an egress names for the first time; may create it. What it throws
   * fails the function's invocation. Default: asks the log.
   */
  openTopic?(name: string): Promise<number>
  onLog(line: LogLine): void
  /** Topics of egresses whose records {@link RunningFunctions.hear} tells of. */
  readonly heardTopics?: readonly string[]
  /** For all tasks together. Default STATE_HOT_BYTES_DEFAULT. */
  readonly stateHotBytes?: number
  /** For all tasks together. Default FUNCTION_MAILBOX_BYTES_MAX. */
  readonly mailboxBytesMax?: number
}

/** Further tries of a function that throws. */
export interface RetryPolicy {
  /** 0 for none. */
  readonly retries: number
  /** Wait before the first one in ms; doubles each time up to `backoffMaxMs`. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

/** Where an ingress begins to read a partition at its very first start. */
export type IngressStart = FirstPosition | GroupStart

/** Where a consumer group of this log has got to, as of the ingress's first start. */
export interface GroupStart {
  readonly position: 'group'
  readonly group: string
  /** Where the partitions begin of which it has committed nothing. */
  readonly others: 'beginning' | 'end'
}

/** A topic whose records become messages. */
export type IngressSpec = TargetIngress | RouterIngress

/** The key is the id (UTF-8), the value the argument: one message for each target type. */
export interface TargetIngress {
  readonly kind: 'targets'
  readonly topic: string
  /** Tells it from others on the same topic, of which each has its own position. Default '': the one without a name. */
  readonly name?: string
  /** Typename of the values. */
  readonly valueType: string
  /** Typenames of the functions that get each record. */
  readonly targets: readonly string[]
  /** Default: the beginning. */
  readonly start?: IngressStart
  /** Whether the topic is the engine's own, hidden from lists. Default false. */
  readonly internal?: boolean
}

/** A record as a router sees it; bytes are views that must be copied to be kept. */
export interface IngressRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly topic: string
  readonly partition: number
  /** −1 of a record that this process hands over itself: its place is known once it is durable. */
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  /** Decoded anew at each call. */
  headers(): readonly RecordHeader[]
}

/** A message of a router. */
export interface RoutedMessage extends OutgoingMessage {
  /** Whom the function sees as its caller; default: nobody. Functions can send to it when it is a known type. */
  readonly caller?: Address
  /** Id of the request that it comes of, for whoever waits for the answer; told in dead letters of what comes of it. */
  readonly request?: string
}

/** The function tells which messages a record becomes; what it throws makes the record a dead letter. */
export interface RouterIngress {
  readonly kind: 'router'
  readonly topic: string
  /** As of {@link TargetIngress}. */
  readonly name?: string
  route(record: IngressRecord): Iterable<RoutedMessage>
  /** Default: the beginning. */
  readonly start?: IngressStart
  /** Whether the topic is the engine's own, hidden from lists. Default false. */
  readonly internal?: boolean
}

/** A record for a topic. */
export interface EgressRecord {
  readonly topic: string
  /** null: without key. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array
}

/** Told of a record that an egress wrote, when it is durable: the very object that {@link EgressSpec.record} made. */
export type EgressListener = (record: EgressRecord, partition: number, offset: number) => void

/** Where values leave the application. */
export interface EgressSpec {
  /** `namespace/name`. */
  readonly typename: string
  /** The only topics that its records may be for; default: any. Another fails the invocation. */
  readonly topics?: readonly string[]
  /**
   * Makes the record. What it throws fails the invocation. Default: the value is a StateFun KafkaProducerRecord,
   * which names topic, key and value.
   */
  record?(argument: TypedValue, from: Address): EgressRecord
}

/** A state that a remote function declares. */
export interface RemoteValueSpec {
  readonly name: string
  readonly typename: string
  readonly expiration: Expiration
}

/** What a remote function is asked. */
export interface RemoteBatch {
  readonly target: Address
  /** All states known for the function's type; null for absent. */
  readonly state: readonly { readonly name: string; readonly value: TypedValue | null }[]
  readonly invocations: readonly Invocation[]
}

/** What it answers: its effects, or the states that it needs and has not been given. */
export type RemoteReply =
  | { readonly kind: 'effects'; readonly effects: Effects<TypedValue> }
  | { readonly kind: 'missing'; readonly specs: readonly RemoteValueSpec[] }

/** Functions that are called over some transport. */
export interface FunctionEndpoint {
  /** `namespace/name`, or `namespace/*` for all names. An exact type goes before. */
  readonly functions: string
  /** Most messages of one call; default FUNCTION_BATCH_MESSAGES_MAX. */
  readonly maxNumBatchRequests?: number
  /**
   * Calls the function once, with the retries of its transport. Applied are only effects of the promise's value, so
   * it may be called again with the same batch. A rejection fails the batch. Each attempt is told to `observe`.
   */
  call(
    batch: RemoteBatch,
    signal: AbortSignal,
    observe?: (attempt: CallAttempt) => void
  ): Promise<RemoteReply>
}

/** One attempt of a call. */
export interface CallAttempt {
  readonly durationMs: number
  readonly failed: boolean
}

/** Counters of one function type since the start, under the names that StateFun has. */
export interface FunctionMetrics {
  readonly typename: string
  /** Messages that arrived. */
  readonly in: number
  /** Messages sent to addresses of the same task, and to those of others. */
  readonly outLocal: number
  readonly outRemote: number
  readonly outEgress: number
  /** Invocations that failed for good. */
  readonly failed: number
  /** Addresses with a whole batch waiting behind the one under way. */
  readonly numBlockedAddress: number
  /** Calls under way. */
  readonly inflightAsyncOps: number
  /** Messages that wait for a call, those of calls under way included. */
  readonly numBacklog: number
  /** Failed attempts to call a remote function. */
  readonly remoteInvocationFailures: number
  /** Durations of the attempts. */
  readonly remoteInvocationLatency: LatencySummary
}

/** Counters of an application. */
export interface FunctionsMetrics {
  readonly functions: readonly FunctionMetrics[]
  readonly recordsIn: number
  /** Batches of messages that functions have processed. */
  readonly invocations: number
  readonly deadLetters: number
  readonly commits: number
  /** Seal to durable, ms; sampled over the last commits. */
  readonly commitMsP50: number
  readonly commitMsP99: number
  /** Records in the ingresses and the messages topic that are not processed yet. */
  readonly lag: number
  /** Delayed messages that are pending. */
  readonly timers: number
  /** Bytes of the messages that wait for busy functions. */
  readonly mailboxBytes: number
}

/** One value of an address. */
export interface FunctionStateEntry {
  readonly name: string
  readonly typename: string
  readonly bytes: Uint8Array
  /** Milliseconds since the epoch, or null. */
  readonly expiresAt: number | null
}

/** An address that has values or messages. */
export interface AddressEntry {
  readonly address: Address
  /** Those that have not expired. */
  readonly values: readonly FunctionStateEntry[]
  /** Messages that wait, those under way included. */
  readonly mailboxDepth: number
}

/** Which addresses are wanted. */
export interface AddressesOptions {
  readonly typename: string
  /** Only ids behind this one. */
  readonly after?: string
  /** Default 100. */
  readonly limit?: number
}

/** Which delayed messages are wanted. */
export interface TimersOptions {
  /** Of senders of this type. */
  readonly typename?: string
  readonly sender?: Address
  /** Default 100. */
  readonly limit?: number
}

/** The next delayed messages by time. */
export interface TimerPage {
  readonly timers: readonly PendingTimer[]
  /** Whether there are no others; false too where the search was given up. */
  readonly isComplete: boolean
}

/** A delayed message that is pending. */
export interface PendingTimer {
  /** Milliseconds since the epoch. */
  readonly dueAt: number
  readonly sender: Address
  readonly target: Address
  readonly typename: string
  readonly cancellationToken: string | null
}

/** Moves the time of an application on, see `AdvancingClock`. */
export interface TimeTravel {
  /** How far, milliseconds since the epoch; asked when all that can be done without it is done. */
  until(): number
  /** Makes it that time for the application's clock; what falls due fires. */
  advanceTo(time: number): void
}

/** An application that runs. Obtain with `startFunctions`. */
export interface RunningFunctions {
  readonly name: string
  readonly status: DataflowStatus
  readonly tasks: number
  /** Resolves when it stopped by `stop`; rejects when it failed (fenced log, a bug). */
  readonly finished: Promise<void>
  /**
   * Processes everything that the ingresses hold and all messages that come of it, waits for calls under way,
   * commits, and stops. Delayed messages that are not due stay for the next start. With `travel` those that fall due
   * until then are processed, too, each at its time and with all that comes of it before the next. `last` is awaited
   * before it stops, while its state can be read.
   */
  drain(travel?: TimeTravel, last?: () => Promise<void>): Promise<void>
  /** Ends the running epoch, commits it, closes. Calls under way are made again at the next start. Idempotent. */
  stop(): Promise<void>
  /**
   * Processes everything that the ingresses hold and all messages that come of it, commits, and goes on. Delayed
   * messages that are not due stay. One call at a time.
   */
  settle(): Promise<void>
  metrics(): Promise<FunctionsMetrics>
  /**
   * Hands records for an ingress partition over in this process, which become durable in one commit with what comes
   * of them; each then hears of it. They come behind the records before `after` of the topic. False: they were not
   * taken, for the functions have to catch up or have ended; what is written to the topic comes as ever.
   */
  hand(topic: string, partition: number, records: readonly HandedRecord[], after: number): boolean
  /** Tells of the records that egresses write to one of `heardTopics` from now on, in the order of its partitions. */
  hear(topic: string, listener: EgressListener): void
  /** Values of an address that have not expired. */
  state(address: Address): readonly FunctionStateEntry[]
  /** Messages that wait for a busy address, those under way included. */
  mailboxDepth(address: Address): number
  /** Addresses of a type that have values or messages, by their ids in the order of their UTF-8 bytes. */
  addresses(options: AddressesOptions): Promise<readonly AddressEntry[]>
  /** How many addresses of a type have values, counted up to `countMax`. */
  countAddresses(typename: string, countMax: number): Promise<number>
  /** The next delayed messages by time. Looks at 100,000 of a task at most. */
  findTimers(options?: TimersOptions): Promise<TimerPage>
  /** The next `limit` delayed messages (default 100) by time; of all senders or one. */
  timers(options?: { readonly sender?: Address; readonly limit?: number }): readonly PendingTimer[]
}
