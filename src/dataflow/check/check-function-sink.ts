// Checks sinks of `type: function`, and makes the internal topics that lead to the functions.
//
// A record of such a topic is one message: its key is the id, its value the argument. It is committed with everything
// else that its cause has caused, and the functions take it once: the way to a function is exactly once.
import { createHash } from 'node:crypto'

import type { FunctionTarget, TopicPlan } from '../plan.ts'
import type { Report, Span } from '../report.ts'
import type { FileModel, FunctionTargetModel, IoModel, ServiceModel } from '../read/model.ts'
import { stepsOf } from '../read/read-services.ts'
import { describeType, isIntegerType, isScalarType, typeFingerprint } from '../type-text.ts'
import type { ScalarType, Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'

const SDK_TYPES = 'io.statefun.types'
const NUMBERS: readonly string[] = ['int', 'long', 'float', 'double'].map(nameInSdk)
/** Room in a topic's name for what stands behind the parts that people read. */
const READABLE_LENGTH_MAX = 200

/** The topics to functions of one file: one for each function, value type and dataflow type. */
export class FunctionTopics {
  readonly #file: Pick<FileModel, 'name' | 'namespace'>
  readonly #report: Report
  readonly #topics = new Map<string, TopicPlan>()

  constructor(file: Pick<FileModel, 'name' | 'namespace'>, report: Report) {
    this.#file = file
    this.#report = report
  }

  all(): readonly TopicPlan[] {
    return [...this.#topics.values()]
  }

  /** The topic for values of `type` to a function; null after a finding. */
  open(sink: IoModel, target: FunctionTargetModel, type: Type): TopicPlan | null {
    const valueType = valueTypeOf(this.#report, sink, target, type)
    if (valueType === null) return null
    const id = `${target.typename} ${valueType}`
    const before = this.#topics.get(id)
    if (before === undefined) {
      const topic = this.#make(sink.topicSpan, id, { typename: target.typename, valueType }, type)
      this.#topics.set(id, topic)
      return topic
    }
    if (typeFingerprint(before.value.type) === typeFingerprint(type)) return before
    const message =
      `messages of the type ${quoted(valueType)} to ${target.typename} are ${describeType(type)} here and ` +
      `${describeType(before.value.type)} on line ${before.at.line}`
    const hint = 'Give one of them another value-type: a name stands for one type.'
    this.#report.error('TYPE_MISMATCH', target.valueType?.span ?? sink.at, message, hint)
    return null
  }

  #make(span: Span, id: string, target: FunctionTarget, type: Type): TopicPlan {
    const isRaw = isScalarType(type) && type.kind !== 'null' && isRawType(target.valueType, type)
    return {
      id,
      name: topicName(this.#file, target),
      partitions: null,
      key: null,
      value: { type, converter: isRaw ? 'raw' : 'json' },
      start: { position: 'beginning', value: 0 },
      compression: 'none',
      retentionMs: null,
      retentionBytes: null,
      cleanup: null,
      function: target,
      at: this.#report.position(span)
    }
  }
}

/** Refuses a sink to which no source can bring an id; what a function may have given is not known. */
export function checkId(
  report: Report,
  file: FileModel,
  service: ServiceModel,
  sink: IoModel
): void {
  if (sink.target === undefined || sink.target.assignsId) return
  const hasKey = service.sources.some(source => {
    const topic = file.topics.get(source.topic)
    return topic === undefined || topic.plan === null || topic.plan.key !== null
  })
  const mayRekey = stepsOf({ ...service, sinks: [sink] }).some(
    ({ operator }) => operator !== 'filter' && operator !== 'assign-key'
  )
  if (hasKey || mayRekey || service.isPartial) return
  const message =
    `nothing gives the id of ${quoted(sink.target.typename)}: it is the record’s key, and no source of ` +
    `${quoted(service.name)} declares one`
  const hint =
    'Add assign-id with a function, or declare the key in the schema of the source’s topic.'
  report.error('FUNCTION_ID_MISSING', sink.at, message, hint)
}

/** The typename of the messages, checked against what arrives; null after a finding. */
function valueTypeOf(
  report: Report,
  sink: IoModel,
  target: FunctionTargetModel,
  type: Type
): string | null {
  const own = isScalarType(type) ? ownTypeOf(type) : null
  if (target.valueType === null) {
    if (own !== null) return own
    const message = `the sink needs "value-type": ${describeType(type)} arrives, and only scalars have a typename`
    const hint = `For example value-type: ${target.typename.split('/')[0]}/Value.`
    report.error('MISSING_KEY', sink.at, message, hint)
    return null
  }
  const { text, span } = target.valueType
  if (!text.startsWith(`${SDK_TYPES}/`)) return text
  const fitting = own === null ? [] : NUMBERS.includes(own) ? NUMBERS : [own]
  if (fitting.includes(text)) return text
  const message = `${describeType(type)} arrives, which is no ${quoted(text)}`
  const hint =
    fitting.length === 0
      ? 'Use a typename of your own: values arrive as JSON.'
      : `It may be ${fitting.join(', ')}, or a typename of your own, which arrives as JSON.`
  report.error('TYPE_MISMATCH', span, message, hint)
  return null
}

/** What a scalar is in all SDKs; null for those that are none of their types. */
function ownTypeOf(type: ScalarType): string | null {
  if (isIntegerType(type)) {
    return nameInSdk(['u8', 'u16', 's8', 's16', 's32'].includes(type.kind) ? 'int' : 'long')
  }
  switch (type.kind) {
    case 'string':
    case 'decimal':
      return nameInSdk('string')
    case 'bool':
      return nameInSdk('bool')
    case 'timestamp':
      return nameInSdk('long')
    case 'f32':
      return nameInSdk('float')
    case 'f64':
      return nameInSdk('double')
    default:
      return null
  }
}

/** Whether values travel as their bytes: what becomes a type of the SDKs, and bytes. */
function isRawType(valueType: string, type: ScalarType): boolean {
  return valueType.startsWith(`${SDK_TYPES}/`) || type.kind === 'bytes'
}

function nameInSdk(name: string): string {
  return `${SDK_TYPES}/${name}`
}

/** Stable over restarts, different for different targets, and readable. */
function topicName(
  { name, namespace }: Pick<FileModel, 'name' | 'namespace'>,
  { typename, valueType }: FunctionTarget
): string {
  const digest = createHash('sha256').update(`${typename}\n${valueType}`).digest('hex').slice(0, 8)
  const readable = `_millrace.${namespace}.${name}.function.${typename.replace('/', '.')}`
  const plain = readable.replaceAll(/[^A-Za-z0-9._-]/g, '-')
  if (plain.length <= READABLE_LENGTH_MAX) return `${plain}-${digest}`
  const whole = createHash('sha256').update(`${readable}\n${valueType}`).digest('hex')
  return `_millrace.${name}.function.${whole.slice(0, 32)}`
}
