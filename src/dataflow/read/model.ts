// What all file layouts are normalised to: services with typed parts and places, not yet checked against each other.
import type { PackageFunction } from '../packages/model.ts'
import type {
  AggregateFunction,
  ApiVersion,
  ErrorPolicy,
  OperatorKind,
  TopicPlan,
  WindowShape
} from '../plan.ts'
import type { Span } from '../report.ts'
import type { Type } from '../types.ts'
import type { PlacedText } from '../yaml/scalar-text.ts'
import type { ScalarNode } from '../yaml/tree.ts'
import type { Entry } from '../yaml/tree.ts'
import type { TypeTable } from './read-types.ts'

/** Code of a step; every place is in the dataflow file. */
export type CodeModel =
  | { readonly kind: 'inline'; readonly placed: PlacedText; readonly span: Span }
  | {
      readonly kind: 'module'
      readonly specifier: string
      readonly exportName: string
      readonly span: Span
    }
  | { readonly kind: 'builtin'; readonly call: BuiltinModel; readonly span: Span }
  | {
      readonly kind: 'package'
      /** By which the file imports it; names the operator. */
      readonly name: string
      readonly function: PackageFunction
      readonly span: Span
    }

/** A path of fields as it is written. */
export interface PathModel {
  readonly path: readonly string[]
  readonly span: Span
}

/** What a step does that has no code, before its types are looked at. */
export type BuiltinModel =
  | { readonly name: 'fields'; readonly paths: readonly PathModel[]; readonly isList: boolean }
  | { readonly name: 'constant'; readonly value: string }
  | { readonly name: 'where'; readonly condition: ConditionModel }
  | { readonly name: 'pick'; readonly properties: readonly PickedModel[] }

/** A condition as it is written. */
export type ConditionModel =
  | { readonly kind: 'all' | 'any'; readonly of: readonly ConditionModel[] }
  | { readonly kind: 'not'; readonly of: ConditionModel }
  | {
      readonly kind: 'tests'
      /** null: the value itself. */
      readonly field: PathModel | null
      readonly tests: readonly TestModel[]
      readonly at: Span
    }

/** One test of a field. */
export interface TestModel {
  readonly test: 'is' | 'in' | 'above' | 'at-least' | 'below' | 'at-most' | 'matches' | 'exists'
  readonly literals: readonly ScalarNode[]
  readonly at: Span
}

/** One property of an object that a map makes. */
export interface PickedModel {
  readonly name: string
  readonly from: PathModel | ScalarNode
  readonly isConstant: boolean
  readonly at: Span
}

/** One property of what an aggregate gives. */
export interface AggregateModel {
  readonly name: string
  readonly function: AggregateFunction
  readonly field: PathModel | null
  readonly by: PathModel | null
  readonly size: number
  readonly order: 'descending' | 'ascending'
  readonly at: Span
}

export interface StepModel {
  readonly operator: OperatorKind
  /** null after a finding. */
  readonly code: CodeModel | null
  readonly with: Readonly<Record<string, string>>
  /** Types that the file declares beside the function, when the signature says nothing. */
  readonly declaredInput: Type | null
  readonly declaredOutput: Type | null
  readonly at: Span
}

export interface IoModel {
  readonly topic: string
  readonly topicSpan: Span
  readonly steps: readonly StepModel[]
  /** On sinks of `type: function`; their `topic` is no id of the file. */
  readonly target?: FunctionTargetModel
  /** On sources of `type: schedule`: the schedule's id; `topic` is that of the topic that stands for it. */
  readonly schedule?: string
  /** On sinks: only what this is true of, or what is true of no other sink. */
  readonly when?: ConditionModel | 'otherwise'
  readonly at: Span
}

/** The function that a sink sends to. */
export interface FunctionTargetModel {
  /** `namespace/name`. */
  readonly typename: string
  /** null: that of the scalar that arrives. */
  readonly valueType: { readonly text: string; readonly span: Span } | null
  /** Whether the last step gives the id; else it is the record's key. */
  readonly assignsId: boolean
}

export type StateModel =
  | {
      readonly kind: 'owned'
      readonly name: string
      readonly property: string
      /** null after a finding. */
      readonly key: Type | null
      readonly value: Type | null
      readonly ttlMs: number | null
      readonly ttlAfter?: 'write' | 'access'
      /** null: nothing is said, so it is as the service is. */
      readonly windowed: boolean | null
      readonly migrate?: StateMigrateModel | null
      readonly at: Span
    }
  | {
      readonly kind: 'reference'
      readonly name: string
      readonly property: string
      readonly service: string
      readonly state: string
      readonly at: Span
      readonly targetSpan: Span
    }

/** `migrate` of a state. */
export interface StateMigrateModel {
  readonly renameFrom: {
    /** null: that of the state. */
    readonly service: string | null
    readonly state: string
    readonly span: Span
  } | null
  readonly drop: boolean
  readonly defaults: readonly Entry[]
  readonly step: StepModel | null
  readonly at: Span
}

/** `migrate` of a service. */
export interface ServiceMigrateModel {
  readonly renameFrom: { readonly name: string; readonly span: Span } | null
  readonly drop: boolean
  readonly at: Span
}

/** `migrate` of the file. */
export interface FileMigrateModel {
  readonly drop: readonly { readonly name: string; readonly span: Span }[]
  readonly abandon: readonly { readonly name: string; readonly span: Span }[]
  readonly at: Span
}

export interface PartitionModel {
  /** null after a finding. */
  readonly assignKey: StepModel | null
  readonly steps: readonly StepModel[]
  readonly updateState: StepModel | null
  readonly dedup?: { readonly count: number | null; readonly ageMs: number | null } | null
  /** What stands in the place of update-state without code. */
  readonly aggregate: { readonly of: readonly AggregateModel[]; readonly at: Span } | null
  readonly at: Span
}

/** Event time of a service. */
export interface TimeModel {
  readonly assignTimestamp: StepModel | null
  readonly outOfOrdernessMs: number
  readonly idlenessMs: number | null
  readonly futureBoundMs: number
  readonly at: Span
}

export interface WindowModel {
  /** null after a finding. */
  readonly shape: WindowShape | null
  readonly time: 'event' | 'processing'
  readonly gracePeriodMs: number
  readonly steps: readonly StepModel[]
  readonly merge: StepModel | null
  readonly flush: StepModel | null
  readonly flushKey: StepModel | null
  readonly early: {
    readonly everyMs: number | null
    readonly records: number | null
    readonly at: Span
  } | null
  readonly late: IoModel | null
  readonly at: Span
}

export interface JoinSideModel {
  readonly source: string
  readonly sourceSpan: Span
  readonly type: 'stream' | 'table' | 'versions' | 'state'
  /** Of a state: its name in the service, in kebab-case; then there is no source. */
  readonly state: string | null
  readonly key: PathModel | null
  readonly row: PathModel | null
  readonly timestamp: PathModel | null
  readonly late: IoModel | null
  readonly as: string
  readonly at: Span
}

export interface JoinModel {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly left: JoinSideModel
  readonly right: JoinSideModel
  readonly within: { readonly beforeMs: number; readonly afterMs: number } | null
  readonly withinSpan: Span
  readonly graceMs: number
  readonly at: Span
}

export interface ServiceModel {
  readonly name: string
  readonly sources: readonly IoModel[]
  readonly states: readonly StateModel[]
  readonly steps: readonly StepModel[]
  readonly time: TimeModel | null
  readonly window: WindowModel | null
  readonly join?: JoinModel | null
  /** Also that of the window. */
  readonly partition: PartitionModel | null
  readonly sinks: readonly IoModel[]
  readonly errors: ErrorPolicy
  /** Whether parts were refused that would change what leaves: then that is unknown, and not checked further. */
  readonly isPartial: boolean
  readonly migrate?: ServiceMigrateModel | null
  readonly at: Span
}

/** A topic with what only the compiler needs to know. */
export interface TopicModel {
  /** null after a finding in its schema. */
  readonly plan: TopicPlan | null
  readonly id: string
  readonly at: Span
}

export interface FileModel {
  readonly apiVersion: ApiVersion
  readonly name: string
  readonly namespace: string
  readonly version: string
  readonly types: TypeTable
  readonly topics: ReadonlyMap<string, TopicModel>
  /** Topics that stand for schedules, by the schedule's id. */
  readonly schedules?: ReadonlyMap<string, TopicModel>
  readonly services: readonly ServiceModel[]
  readonly migrate?: FileMigrateModel | null
}
