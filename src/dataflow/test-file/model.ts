// What a test file says, with places: cases of dataflows and of functions.
import type { Position } from '../plan.ts'

/** A value as YAML has it: texts, numbers, booleans, null, lists, mappings; whole numbers beyond 2^53 are bigints. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }

/** A record; undefined is what the file leaves out. */
export interface CaseRecord {
  readonly value: PlainValue
  readonly key: PlainValue | undefined
  readonly timestampMs: number | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly at: Position
}

/** One turn of what is given. */
export type Turn =
  | {
      readonly kind: 'records'
      readonly topic: string
      readonly records: readonly CaseRecord[]
      readonly at: Position
    }
  | { readonly kind: 'advance'; readonly ms: number }

export interface ExpectedTopic {
  readonly topic: string
  readonly how: 'exactly' | 'any-order' | 'contains'
  readonly records: readonly CaseRecord[]
  readonly at: Position
}

/** Entries of a state by the text of the key. */
export interface StateEntries {
  readonly state: string
  readonly entries: Readonly<Record<string, PlainValue>>
  readonly at: Position
}

export interface ExpectedLetter {
  readonly value: string | null
  readonly operator: string | null
  readonly message: string | null
  readonly at: Position
}

/** Records through a dataflow. */
export interface DataflowCase {
  readonly kind: 'dataflow'
  readonly name: string
  readonly at: Position
  readonly turns: readonly Turn[]
  readonly topics: readonly ExpectedTopic[]
  readonly states: readonly StateEntries[]
  readonly deadLetters: readonly ExpectedLetter[]
}

/** One call of a function. */
export interface FunctionCase {
  readonly kind: 'function'
  readonly name: string
  readonly at: Position
  readonly function: string
  readonly functionAt: Position
  readonly input: CaseRecord
  readonly before: readonly StateEntries[]
  /** Undefined: not compared. */
  readonly output: PlainValue | undefined
  readonly outputAt: Position
  readonly error: string | null
  readonly states: readonly StateEntries[]
}

export type TestCase = DataflowCase | FunctionCase

export interface TestFile {
  /** The file that is tested; null: the one beside it. */
  readonly file: string | null
  readonly fileAt: Position
  readonly partitions: number
  readonly env: Readonly<Record<string, string>>
  readonly cases: readonly TestCase[]
}
