// Records and entries of cases: as topics have them, and compared with what came.
import type { CaseRecord, PlainValue } from '../../dataflow/index.ts'
import type { Position, TopicPlan } from '../../dataflow/plan.ts'
import type { TestRecord } from '../records.ts'
import type { Comparison } from './compare.ts'
import { isSame, showValue, typedValue } from './values.ts'

/** A record of a topic, whatever its types are. */
export type AnyRecord = TestRecord<unknown, unknown>

/** An entry of a state as a line. */
export const showEntry = ([key, value]: readonly [string, unknown]): string =>
  `${key}: ${showValue(value)}`

/** Entries by their keys. */
export const sorted = <T>(entries: readonly (readonly [string, T])[]): (readonly [string, T])[] =>
  entries.toSorted(([a], [b]) => (a < b ? -1 : 1))

/** An expected output: a mapping with `key` and `value` alone is a record, everything else is the value. */
export function outputRecord(value: PlainValue, at: Position): CaseRecord {
  const nothing = { timestampMs: undefined, headers: undefined, at }
  if (typeof value === 'object' && value !== null && 'value' in value && 'key' in value) {
    const { key, value: inner, ...others } = value as { readonly [name: string]: PlainValue }
    if (Object.keys(others).length === 0) return { ...nothing, key, value: inner! }
  }
  return { ...nothing, key: undefined, value }
}

/** A record's key as the topic has it. */
export function typedRecordKey(key: PlainValue, topic: TopicPlan): unknown {
  return topic.key === null || topic.key.kind === 'string' ? key : typedValue(key, topic.key)
}

/** Compares what the expected records say: always the value, the rest where one of them has it. */
export function comparisonOf(
  topic: TopicPlan | undefined,
  expected: readonly CaseRecord[]
): Comparison<CaseRecord, AnyRecord> {
  const type = topic?.value.type ?? { kind: 'string' as const }
  const keyOf = (key: PlainValue): unknown => (topic ? typedRecordKey(key, topic) : key)
  const withKey = expected.some(({ key }) => key !== undefined)
  const withTime = expected.some(({ timestampMs }) => timestampMs !== undefined)
  const withHeaders = expected.some(({ headers }) => headers !== undefined)
  const show = (record: Readonly<Record<string, unknown>>): string => {
    if (!withKey && !withTime && !withHeaders) return showValue(record['value'])
    const members = Object.entries(record).filter(([, part]) => part !== undefined)
    return `{${members.map(([name, part]) => `${name}: ${showValue(part)}`).join(', ')}}`
  }
  return {
    matches: ({ key, value, timestampMs, headers }, actual) =>
      isSame(typedValue(value, type), actual.value) &&
      (key === undefined || isSame(keyOf(key), actual.key)) &&
      (timestampMs === undefined || timestampMs === actual.timestamp) &&
      Object.entries(headers ?? {}).every(([name, text]) => actual.headers[name] === text),
    showExpected: ({ key, value, timestampMs, headers }) =>
      show({ key, value: typedValue(value, type), timestamp: timestampMs, headers }),
    showActual: ({ key, value, timestamp, headers }) =>
      show({
        key: withKey ? key : undefined,
        value,
        timestamp: withTime ? timestamp : undefined,
        headers: withHeaders ? headers : undefined
      })
  }
}
