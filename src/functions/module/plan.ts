// What module files say, checked and with every default filled in: plain data.
//
// A file holds components; an application is the components of all its files. Nothing here was looked up: whether hosts
// exist or are allowed, topics exist and functions answer is found out by who runs the plan.
import type { Position } from '../../dataflow/index.ts'
import type { RetryPolicy } from '../runtime/contract.ts'
import type { Expiration } from '../sdk/index.ts'

/** Everything that one or several module files declare. */
export interface ModulePlan {
  /** Absent: the run names it. */
  readonly application?: ApplicationPlan
  readonly endpoints: readonly EndpointPlan[]
  readonly ingresses: readonly IngressPlan[]
  readonly egresses: readonly EgressPlan[]
}

/** What is said of the application of all files. The name is that of its state, positions and dead letters. */
export interface ApplicationPlan {
  readonly name: string
  /** Of functions in the process of the engine: calls over HTTP are repeated as their transport says. */
  readonly retries: RetryPolicy
  readonly at: Position
}

/** Functions that answer behind a URL. */
export interface EndpointPlan {
  readonly functions: FunctionPattern
  readonly url: UrlTemplate
  /** Which protocol the functions speak. */
  readonly protocol: '2.x' | '3.x'
  /** Names and expirations of states that the file declares (2.x); 3.x functions say them themselves. */
  readonly states: readonly ModuleState[]
  /** Messages that may wait at an address while a request runs; null: any number. */
  readonly maxNumBatchRequests: number | null
  readonly transport: TransportPlan
  readonly at: Position
}

/** One function type, or all types of a namespace. An exact type goes before a namespace. */
export type FunctionPattern =
  | { readonly kind: 'type'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'namespace'; readonly namespace: string }

/** A URL in which `{function.name}` stands for the name part of the function's type. */
export interface UrlTemplate {
  /** As it was written. */
  readonly text: string
  readonly scheme: 'http' | 'https' | 'http+unix' | 'https+unix'
  /**
   * The host that requests go to, without brackets around IPv6; null for a socket, or when it contains the placeholder
   * (then it is known per function only). To be checked against private ranges by who connects.
   */
  readonly host: string | null
  /** null when there is no host. */
  readonly port: number | null
  /** Path of the unix socket, up to and including the part that ends with `.sock`; null for hosts. */
  readonly socketPath: string | null
  readonly at: Position
}

/** A state of a 2.x function. */
export interface ModuleState {
  readonly name: string
  readonly expiration: Expiration
}

/** How requests are sent and repeated. All durations in whole milliseconds, at least 1. */
export type TransportPlan =
  | {
      /** `okhttp`: repeats on I/O errors and on statuses that promise a later success; all within `callMs`. */
      readonly kind: 'okhttp'
      readonly callMs: number
      readonly connectMs: number
      readonly readMs: number
      readonly writeMs: number
    }
  | {
      /** `async`: repeats on every failure, within `callMs`. */
      readonly kind: 'async'
      readonly callMs: number
      readonly connectMs: number
      readonly poolTtlMs: number
      readonly poolSize: number
      readonly payloadBytesMax: number
      readonly tls: TlsPlan
    }

/** Files of the TLS options; relative ones lie beside the module file. null: not given. */
export interface TlsPlan {
  readonly trustCacerts: string | null
  /** Certificate and key are both given or neither. */
  readonly clientCert: string | null
  /** PKCS#8. */
  readonly clientKey: string | null
  /** A file that holds the password. */
  readonly clientKeyPassword: string | null
}

/** Where messages come from. */
export type IngressPlan = TopicIngressPlan | PlaygroundIngressPlan | HttpIngressPlan

/** Records of topics as messages: the record's key is the function's id, its value the message. */
export interface TopicIngressPlan {
  readonly kind: 'topic'
  /** `namespace/name`. */
  readonly id: string
  /** Bootstrap servers of a Kafka cluster; null: the engine's own topics. */
  readonly address: AddressPlan | null
  readonly consumerGroupId: string | null
  readonly topics: readonly RoutedTopic[]
  /** Where to read when a stored offset is gone. */
  readonly autoOffsetReset: 'latest' | 'earliest'
  /** Where the first start reads; later ones go on where they were. */
  readonly startup: StartupPlan
  /** Settings of a Kafka client, as texts. */
  readonly properties: Readonly<Record<string, string>>
  readonly at: Position
}

/** Bootstrap servers, comma separated, as they were written. */
export interface AddressPlan {
  readonly text: string
  readonly at: Position
}

/** One topic of an ingress: each record becomes one message per target. */
export interface RoutedTopic {
  readonly topic: string
  /** The typename of the messages. */
  readonly valueType: string
  /** Function types, at least one, without repetition. */
  readonly targets: readonly string[]
  readonly at: Position
}

export type StartupPlan =
  | { readonly kind: 'latest' | 'earliest' | 'group-offsets' }
  | { readonly kind: 'specific-offsets'; readonly offsets: readonly PartitionOffset[] }
  | { readonly kind: 'date'; readonly timestampMs: number }

/** The next offset to read of one partition. */
export interface PartitionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Messages over HTTP: `/<namespace>/<type>/<id>`. */
export interface PlaygroundIngressPlan {
  readonly kind: 'playground'
  readonly id: typeof PLAYGROUND_INGRESS_ID
  /** 0: any free port. */
  readonly port: number
  readonly at: Position
}

/** Messages over HTTP at a path of one's own, with keys against repetition and with replies. */
export interface HttpIngressPlan {
  readonly kind: 'http'
  readonly id: string
  /** 0: any free port; null: that of the run. */
  readonly port: number | null
  readonly path: HttpPath
  /** The typename of the messages. */
  readonly valueType: string
  /** Function types, at least one, without repetition; with `request-reply` exactly one. */
  readonly targets: readonly string[]
  /** Whether a caller gets what the function replies, or only hears that its message is durable. */
  readonly mode: 'one-way' | 'request-reply'
  /** How long a caller waits for a reply at most. */
  readonly timeoutMs: number
  readonly bodyBytesMax: number
  /** Media type of replies that a function sends as a message to its caller. */
  readonly replyContentType: string
  /** How long and how many keys of callers are remembered. */
  readonly idempotency: { readonly windowMs: number; readonly keysMax: number }
  readonly at: Position
}

/** A path with the place of the function's id. */
export interface HttpPath {
  /** As it was written. */
  readonly text: string
  /** What stands between the slashes; null: the id. Exactly one is null. */
  readonly segments: readonly (string | null)[]
}

/** Where values go. */
export type EgressPlan = TopicEgressPlan | PlaygroundEgressPlan | HttpEgressPlan

/** Values are Kafka producer records, which name their topic. */
export interface TopicEgressPlan {
  readonly kind: 'topic'
  readonly id: string
  /** Bootstrap servers of a Kafka cluster; null: the engine's own topics. */
  readonly address: AddressPlan | null
  readonly delivery: 'at-least-once' | 'exactly-once' | 'none'
  /** The only topics that functions write over it; absent: any that they name. */
  readonly topics?: readonly string[]
  /** With `exactly-once`: how long a transaction may stay open; null: the client's default. */
  readonly transactionTimeoutMs: number | null
  readonly properties: Readonly<Record<string, string>>
  readonly at: Position
}

/** Values are polled over HTTP, by topic. */
export interface PlaygroundEgressPlan {
  readonly kind: 'playground'
  readonly id: typeof PLAYGROUND_EGRESS_ID
  /** 0: any free port. */
  readonly port: number
  readonly topics: readonly string[]
  readonly at: Position
}

/** Values are responses to requests of HTTP ingresses, which they name. */
export interface HttpEgressPlan {
  readonly kind: 'http'
  readonly id: string
  readonly at: Position
}

/** The typename of a value of an HTTP egress: JSON `{"requestId", "status", "headers", "body"}`. */
export const HTTP_RESPONSE_TYPENAME = 'io.millrace.http/Response'
/** The type of the callers that functions behind an HTTP ingress see; the id is the request's. */
export const HTTP_REQUEST_TYPENAME = 'io.millrace.http/request'

/** The ids that the playground's components always have. */
export const PLAYGROUND_INGRESS_ID = 'io.statefun.playground/ingress'
export const PLAYGROUND_EGRESS_ID = 'io.statefun.playground/egress'
/** The typename of a playground egress value: JSON `{"topic", "payload"}`. */
export const PLAYGROUND_RECORD_TYPENAME = 'io.statefun.playground/EgressRecord'
