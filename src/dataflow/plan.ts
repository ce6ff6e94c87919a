// The checked plan: what a dataflow file (any version) or the builder comes to. Plain data, frozen, without I/O.
// It travels to worker threads by structured clone, so it holds no functions and no classes.
import type { Type } from './types.ts'

/** A place in a text; lines and columns count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type ApiVersion = '0.1.0' | '0.2.0' | '0.3.0' | '0.4.0' | '0.5.0' | '0.6.0' | '1.0.0'

export type Converter = 'json' | 'raw' | 'avro' | 'protobuf'

/** The schema that a type was imported from: what the topic's records are written by. */
export interface WireSchema {
  readonly format: 'avro' | 'protobuf'
  /** The whole imported file. */
  readonly text: string
  /** Full name of the message in a .proto file; '' for Avro. */
  readonly message: string
  /** As the dataflow names it: a path relative to that. */
  readonly path?: string
}

/** A schema registry of the Confluent API: records begin with the id of their schema. */
export interface RegistryPlan {
  /** http or https, without a slash at the end. */
  readonly url: string
  /** Name of the value in the environment that holds `user:password` or `Bearer …`; null without. */
  readonly authEnv: string | null
}

/** How the values of a topic become bytes. */
export interface ValuePlan {
  readonly type: Type
  readonly converter: Converter
  /** Only where the type was imported from a schema of the converter; else the schema is made from the type. */
  readonly schema?: WireSchema
  /** Only with avro and protobuf. */
  readonly registry?: RegistryPlan
}
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Where a dataflow starts in a topic that it has never read. */
export interface StartPosition {
  readonly position: 'beginning' | 'end' | 'offset'
  /** Records from the beginning or before the end, or the absolute offset. */
  readonly value: number
}

/** The function that the records of an internal topic are messages for. */
export interface FunctionTarget {
  /** Its type, `namespace/name`. */
  readonly typename: string
  /** Typename of the messages. */
  readonly valueType: string
}

/** When the ticks of a schedule come. */
export interface SchedulePlan {
  /** Five fields, or six with seconds in front. */
  readonly cron: string
  /** IANA name. */
  readonly timezone: string
  /** What becomes of ticks that fell due while nothing ran: one, the latest; none; all of them. */
  readonly missed: 'once' | 'skip' | 'all'
}

export interface TopicPlan {
  /** Name inside the file. */
  readonly id: string
  /** Name in the log. */
  readonly name: string
  /** null: whatever exists; when it must be created, the run's default. */
  readonly partitions: number | null
  /** Keys are always raw; null when the file declares no key type (then any key is UTF-8 text). */
  readonly key: Type | null
  readonly value: ValuePlan
  readonly start: StartPosition
  readonly compression: Compression
  readonly retentionMs: number | null
  readonly retentionBytes: number | null
  readonly cleanup: 'delete' | 'compact' | null
  /**
   * On topics that stand for a sink of `type: function`: internal, the record's key is the function's id. Absent on
   * those of the file.
   */
  readonly function?: FunctionTarget
  /** On topics that stand for a schedule: internal, of one partition; a value is the time of a tick. */
  readonly schedule?: SchedulePlan
  readonly migrate?: TopicMigration
  readonly at: Position
}

/** What a file says of records of a topic that were written with another type. */
export interface TopicMigration {
  /** They stay as they are, also where the type does not fit them. */
  readonly accept: boolean
  readonly at: Position
}

export type OperatorKind =
  | 'map'
  | 'filter'
  | 'filter-map'
  | 'flat-map'
  | 'assign-key'
  | 'update-state'
  /** Last step of a sink of `type: function`. */
  | 'assign-id'
  /** Gives the event time of a record; see {@link TimePlan}. */
  | 'assign-timestamp'
  /** Adds one part of a window to another; gets the part's states as one object. */
  | 'merge'
  /** Gives the result of a window, or of a key in it; gets the context alone. */
  | 'flush'
  /** Makes a state's value of one that was stored with another type; gets the value alone. */
  | 'migrate'

/** Where a function's code stands. */
export type CodePlan =
  | {
      readonly kind: 'inline'
      /** The TypeScript text of `run`, exactly one function declaration. */
      readonly source: string
      /** `source` without its types: JavaScript, every character at its old place. */
      readonly javascript: string
      /** Position of the first character of `source` in the file. */
      readonly at: Position
      /** How many columns the file indents each line of `source` after the first. */
      readonly indent: number
      /**
       * Where `source` stands when that says more than `at` and `indent`: a folded or quoted text joins lines of the
       * file. By rising index; each holds up to the next one, in one line of the file.
       */
      readonly places?: readonly SourcePlace[]
      /** Name of the declared function. */
      readonly functionName: string
      /** Types that the source knows when it is a package's: that package's, by kebab-case name. */
      readonly types?: Readonly<Record<string, Type>>
    }
  | {
      readonly kind: 'module'
      /** `./file.ts` (relative to the dataflow's folder) or a package name. */
      readonly specifier: string
      readonly exportName: string
      readonly at: Position
    }
  | { readonly kind: 'builtin'; readonly call: BuiltinCall; readonly at: Position }
  | {
      /** A function of the process that made the plan with the builder; it needs names from around it. */
      readonly kind: 'closure'
      /** Those names; empty for functions without a text. */
      readonly captures: readonly string[]
      readonly functionName: string
      readonly at: Position
    }

/** Names of fields from the outside in; none is the value itself. */
export type FieldPath = readonly string[]

/** What the built-in aggregates are, and what else may stand beside them in a result. */
export type AggregateFunction =
  | 'count'
  | 'sum'
  | 'min'
  | 'max'
  | 'avg'
  | 'distinct'
  | 'first'
  | 'last'
  | 'top'
  | 'key'
  | 'window-start'
  | 'window-end'

/** One property of what an aggregate gives. */
export interface AggregatePlan {
  /** Of the result, and of the state. */
  readonly name: string
  readonly function: AggregateFunction
  /** What is aggregated; null: the record. */
  readonly field: FieldPath | null
  /** Of `top`: what it orders by, how many it keeps, and which come first. */
  readonly by: FieldPath | null
  readonly size: number
  readonly order: 'descending' | 'ascending'
  /** Type of what is aggregated; null for what needs none. */
  readonly type: Type | null
}

/** What a field is compared with; a bigint stands as its digits. */
export type Literal = string | number | boolean | { readonly bigint: string }

/** What must be true of a value. A field that is absent passes no test but that of its absence. */
export type ConditionPlan =
  | { readonly kind: 'all' | 'any'; readonly of: readonly ConditionPlan[] }
  | { readonly kind: 'not'; readonly of: ConditionPlan }
  | { readonly kind: 'exists'; readonly field: FieldPath }
  /** Of `in` one of several; of the others the one literal. */
  | {
      readonly kind: 'is' | 'above' | 'at-least' | 'below' | 'at-most' | 'in'
      readonly field: FieldPath
      readonly literals: readonly Literal[]
    }
  /** A regular expression with the flag u. */
  | { readonly kind: 'matches'; readonly field: FieldPath; readonly pattern: string }

/** A function that the file describes instead of writing it. */
export type BuiltinCall =
  /** The value of a field. */
  | { readonly name: 'field'; readonly path: FieldPath }
  /** Several fields as one text, a JSON list. */
  | { readonly name: 'fields'; readonly paths: readonly FieldPath[] }
  | { readonly name: 'constant'; readonly value: string }
  /** Of a filter. */
  | { readonly name: 'where'; readonly condition: ConditionPlan }
  /** Of a map: an object of fields and constants. */
  | {
      readonly name: 'pick'
      readonly properties: readonly {
        readonly name: string
        /** null: the constant. */
        readonly path: FieldPath | null
        readonly constant: string | number | boolean | null
      }[]
    }
  /** add: into the state `property`, giving the result where `sends` · merge: two states · result: of the state. */
  | {
      readonly name: 'aggregate'
      readonly part: 'add' | 'merge' | 'result'
      readonly property: string
      readonly aggregates: readonly AggregatePlan[]
      readonly sends: boolean
    }
  /** Of a join: `{ isLeft, left, right }`, with null for the other side. */
  | { readonly name: 'side'; readonly side: 'left' | 'right' }
  /** Of a join: a field of either side; null: the record's key or timestamp. */
  | {
      readonly name: 'side-key' | 'side-time'
      readonly left: FieldPath | null
      readonly right: FieldPath | null
    }

/** The place in the file of the character at `index` of a source; those behind it follow in the same line. */
export interface SourcePlace {
  readonly index: number
  readonly line: number
  readonly column: number
}

export interface StepPlan {
  readonly operator: OperatorKind
  /** kebab-case name of the function: its name in metrics, errors and logs; unique in the service. */
  readonly name: string
  readonly code: CodePlan
  /** Static parameters, `ctx.params`. */
  readonly with: Readonly<Record<string, string>>
  /** Type that arrives; null when unknown to the compiler. */
  readonly input: Type | null
  /** Type of one value that leaves (element of a flat-map, value of a keyed output); null when unknown. */
  readonly output: Type | null
  /** Whether the declared output re-keys (`KeyValue<K, V>`), and the key's type when known. */
  readonly outputKey: Type | null
  readonly at: Position
}

export interface SourcePlan {
  /** Id in {@link Plan.topics}. */
  readonly topic: string
  readonly steps: readonly StepPlan[]
  readonly at: Position
}

export interface SinkPlan {
  /** Id in {@link Plan.topics}; of a function, that of the topic that leads to it. */
  readonly topic: string
  readonly steps: readonly StepPlan[]
  readonly at: Position
}

/** What becomes of what a data directory holds of a state, where that has another name or type. */
export interface StateMigration {
  /** The state that it was; null: it has had its name before. */
  readonly renameFrom: { readonly service: string; readonly state: string } | null
  /** What does not fit is removed, and the state begins empty. */
  readonly drop: boolean
  /** JSON texts of the values of fields that stored values lack, by field. */
  readonly defaults: Readonly<Record<string, string>>
  /** Makes the new value of the old one; null: values stay as they are. */
  readonly step: StepPlan | null
  readonly at: Position
}

/** What becomes of what a data directory holds of a service. */
export interface ServiceMigration {
  /** The service that it was. */
  readonly renameFrom: string | null
  /** What does not fit (states, open windows, what a join or a dedup waits with) is removed. */
  readonly drop: boolean
  readonly at: Position
}

/** What becomes of what a data directory holds and no service has any more. */
export interface DataflowMigration {
  /** Services, or states as `service.state`, whose data is removed. */
  readonly drop: readonly string[]
  /** Names of topics that are no longer read, although they hold records that were not processed. */
  readonly abandon: readonly string[]
  readonly at: Position
}

/** What a state is kept as in a data directory, where that is not what its plan says. */
export interface StoredAs {
  /** Instead of `<service>.<state>`. */
  readonly name: string
  /** That its values were written with; null: that of the plan's types. */
  readonly fingerprint: string | null
}

export type StatePlan =
  | {
      readonly kind: 'owned'
      /** Name inside the service, kebab-case. */
      readonly name: string
      /** Property under `ctx.state`, camelCase. */
      readonly property: string
      readonly key: Type
      readonly value: Type
      /** Rows not updated for so long are removed; null keeps them. */
      readonly ttlMs: number | null
      /** What that counts from; access: also reads by functions of the owning service. Default: write. */
      readonly ttlAfter?: 'access'
      /** Whether it is kept for each key and window, and ends with the window. */
      readonly windowed: boolean
      /** Of an aggregate: what is seen of values, by whomever. They are never changed in place, only replaced. */
      readonly result?: { readonly type: Type; readonly aggregates: readonly AggregatePlan[] }
      readonly migrate?: StateMigration
      /** Set when it starts on a data directory. */
      readonly storedAs?: StoredAs
      readonly at: Position
    }
  | {
      readonly kind: 'reference'
      readonly name: string
      readonly property: string
      readonly service: string
      readonly state: string
      readonly at: Position
    }

export interface PartitionPlan {
  readonly assignKey: StepPlan
  readonly steps: readonly StepPlan[]
  readonly updateState: StepPlan | null
  /** Behind assign-key: drops a record whose key has passed among the last `count`, and less than `ageMs` ago. */
  readonly dedup?: { readonly count: number | null; readonly ageMs: number | null }
}

/** How a service gets the event time of its records, and how far that has come. */
export interface TimePlan {
  /** null: the record's timestamp. */
  readonly assignTimestamp: StepPlan | null
  /** What the function gets beside the value: the context, or in files before 1.0.0 the record's timestamp. */
  readonly timestampArgument: 'context' | 'number'
  /** The watermark of a partition is the time of its newest record less this. */
  readonly outOfOrdernessMs: number
  /** A partition without records for so long (by the clock) holds no watermark back; null: it always does. */
  readonly idlenessMs: number | null
  /** A record whose time is further ahead of the clock fails. */
  readonly futureBoundMs: number
  readonly at: Position
}

/** Which records belong together. Windows begin at `start` and end before `end`; bounds are ms since the epoch. */
export type WindowShape =
  /** start = k · durationMs + offsetMs. */
  | { readonly kind: 'tumbling'; readonly durationMs: number; readonly offsetMs: number }
  /** start = k · slideMs + offsetMs; slideMs ≤ durationMs. */
  | {
      readonly kind: 'sliding'
      readonly durationMs: number
      readonly slideMs: number
      readonly offsetMs: number
    }
  /** Per key: records less than gapMs apart; end = last record + gapMs. */
  | { readonly kind: 'session'; readonly gapMs: number }
  /** Per key. */
  | { readonly kind: 'count'; readonly records: number }
  | { readonly kind: 'global' }

/** The window of a service. Its partition is {@link ServicePlan.partition}, its event time {@link ServicePlan.time}. */
export interface WindowPlan {
  readonly shape: WindowShape
  /** Processing: a record's time is that of the clock when it arrives; nothing is late then. */
  readonly time: 'event' | 'processing'
  /** A window closes when the watermark reaches its end plus this. */
  readonly gracePeriodMs: number
  /** Steps between assign-timestamp and assign-key. */
  readonly steps: readonly StepPlan[]
  /** Adds the states of one part of a window to another. Sessions need it; with it sliding windows have panes. */
  readonly merge: StepPlan | null
  /** Once for each window, over all its keys: without windows per key the service then works in one task. */
  readonly flush: StepPlan | null
  /** Once for each key of a window. */
  readonly flushKey: StepPlan | null
  /** When results are given before the end; null: never. */
  readonly early: { readonly everyMs: number | null; readonly records: number | null } | null
  /** Id of the topic of records that came too late; null: they are only counted. */
  readonly lateTopic: string | null
  readonly at: Position
}

/** One side of a join. */
export interface JoinSidePlan {
  /** Id of the source's topic; '' of a state. */
  readonly topic: string
  /** state: one of another service, which is looked up where its key is. */
  readonly type: 'stream' | 'table' | 'versions' | 'state'
  /** Of a state: its name in this service. */
  readonly state?: string
  /** Property of the pairs. */
  readonly as: string
  /** What tells rows of one key apart; null: there is one. */
  readonly row: FieldPath | null
  /** Type of the values. */
  readonly value: Type
  /** Id of the topic of its records that came too late; absent: they are only counted. */
  readonly lateTopic?: string
}

/** The join of a service: its sources say their sides, its partition has the key, its steps get the pairs. */
export interface JoinPlan {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly left: JoinSidePlan
  readonly right: JoinSidePlan
  /** Of two streams: a right event may be so much earlier, or later, than the left one. */
  readonly beforeMs: number
  readonly afterMs: number
  readonly gracePeriodMs: number
  /** Whether it waits for event time: two streams, or a stream and versions. */
  readonly isTimed: boolean
  readonly at: Position
}

export interface ErrorPolicy {
  readonly policy: 'dead-letter' | 'skip' | 'fail'
  /** Further tries of the failing function, 0…100. */
  readonly retries: number
  /** Wait before the first retry in ms; doubles each time up to `backoffMaxMs`. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

export interface ServicePlan {
  readonly name: string
  readonly sources: readonly SourcePlan[]
  readonly states: readonly StatePlan[]
  readonly steps: readonly StepPlan[]
  /** Event time; null: nobody needs it here, or the service has processing time. */
  readonly time: TimePlan | null
  readonly window: WindowPlan | null
  /** With it there is no window, and `partition.steps` get the pairs. */
  readonly join?: JoinPlan
  /** Also that of the window. */
  readonly partition: PartitionPlan | null
  /** In the old format an update-state's result is dropped; in 1.0.0 it goes on to the sinks. */
  readonly emitsFromUpdateState: boolean
  readonly sinks: readonly SinkPlan[]
  readonly errors: ErrorPolicy
  /** Type that reaches the sinks; null when unknown. */
  readonly output: Type | null
  readonly migrate?: ServiceMigration
  /** Set when it starts on a data directory that knows it by another name: what internal names are made from. */
  readonly storedAs?: string
  /** Set with it: names in the changelog of what the service keeps for itself, where they are not made from that. */
  readonly storedBooks?: Readonly<Record<string, string>>
  readonly at: Position
}

export interface Plan {
  readonly apiVersion: ApiVersion
  readonly name: string
  readonly namespace: string
  readonly version: string
  /** The file that it was read from, as named by the caller. */
  readonly file: string
  /** By id, in the file's order; behind them those of schedules, and those that lead to functions. */
  readonly topics: Readonly<Record<string, TopicPlan>>
  /** By kebab-case name, in the file's order; state row types included. */
  readonly types: Readonly<Record<string, Type>>
  /** In the file's order, which is also the order in which they see a record of a shared topic. */
  readonly services: readonly ServicePlan[]
  readonly migrate?: DataflowMigration
}
