// What dataflows send to functions: ingresses of the application on the topics that their sinks write.
import { MillraceError } from '../../base/index.ts'
import type { FunctionTarget, Plan, TopicPlan } from '../../dataflow/index.ts'
import {
  addressOf,
  boolType,
  doubleType,
  floatType,
  intType,
  longType,
  stringType
} from '../../functions/index.ts'
import type { IngressRecord, IngressSpec, RouterIngress } from '../../functions/index.ts'
import { compileConverter } from '../../runtime/convert/index.ts'

/** A topic that leads from a dataflow to a function. */
export type FunctionTopic = TopicPlan & { readonly function: FunctionTarget }

/** The topics that lead to functions from a dataflow. */
export function functionTopics(plan: Plan): FunctionTopic[] {
  return Object.values(plan.topics).filter(
    (topic): topic is FunctionTopic => topic.function !== undefined
  )
}

/** What the application reads of such a topic. */
export function ingressOf(topic: FunctionTopic): IngressSpec {
  const { name, function: target, start } = topic
  const common = { topic: name, start, internal: true }
  const serialize = SDK_TYPES[target.valueType]
  if (topic.value.converter === 'json' || serialize === undefined) {
    return { kind: 'targets', ...common, valueType: target.valueType, targets: [target.typename] }
  }
  return { kind: 'router', ...common, route: router(topic, serialize) }
}

/** Bytes of a scalar as all SDKs read them. @throws FUNCTION_VALUE it is outside the type */
type Serialize = (value: unknown) => Uint8Array

const SDK_TYPES: Readonly<Record<string, Serialize>> = {
  [stringType.typename]: value => stringType.serialize(value as string),
  [boolType.typename]: value => boolType.serialize(value as boolean),
  [intType.typename]: value => intType.serialize(Number(value)),
  [longType.typename]: value => longType.serialize(integerOf(value)),
  [floatType.typename]: value => floatType.serialize(Number(value)),
  [doubleType.typename]: value => doubleType.serialize(Number(value))
}

/** Dataflows keep scalars in a form of their own; functions get those of the SDKs. */
function router(topic: FunctionTopic, serialize: Serialize): RouterIngress['route'] {
  const { typename: target, valueType } = topic.function
  const converter = compileConverter(topic.value.type, 'raw')
  return ({ key, value }: IngressRecord) => {
    if (key === null || value === null) {
      throw new MillraceError(
        'INGRESS_KEY_NULL',
        `a record for ${target} lacks its key or its value; expected both: a sink writes them; write by it alone`
      )
    }
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
    const id = Buffer.from(key.buffer, key.byteOffset, key.length).toString()
    const argument = serialize(converter.decode(bytes, 0, bytes.length))
    return [{ target: addressOf(target, id), argument: { typename: valueType, bytes: argument } }]
  }
}

function integerOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  throw new MillraceError(
    'FUNCTION_VALUE',
    `a value of the type ${longType.typename} is ${String(value)}; expected a whole number; round it in the dataflow`
  )
}
