// What is compiled once per thread and shared by its tasks: functions, converters, codecs.
import type { Plan, ServicePlan, StatePlan, StepPlan, TopicPlan } from '../../dataflow/plan.ts'
import type { ScalarType, Type } from '../../dataflow/types.ts'
import type { KeyCodec, ValueCodec } from '../../state/contract.ts'
import { describeUserError, loadStep } from '../code/index.ts'
import type { RecordConverter } from '../convert/contract.ts'
import {
  RegistryClient,
  type RegistryOptions,
  compileConverter,
  compileKeyCodec,
  compileValueCodec,
  fingerprintOf,
  keyConverter,
  registryConverter,
  valueConverter
} from '../convert/index.ts'
import type { UserFunction } from '../operators/function-operator.ts'
import type { ErrorText } from '../operators/record-errors.ts'
import { type RepartitionFormat, anyJson } from '../operators/repartition.ts'
import { writtenTopicIds } from './required-topics.ts'

/** A step's function, ready to be called. */
export interface LoadedStep {
  readonly fn: UserFunction
  describe(error: unknown): ErrorText
}

/** How a topic's records become values and back. */
export interface TopicFormat {
  readonly key: RecordConverter
  readonly value: RecordConverter
  /** What a record without a value reads as; undefined where that fails it. */
  readonly absent: unknown
}

/** How a state's keys and values are kept. */
export interface StateFormat {
  readonly key: KeyCodec
  readonly value: ValueCodec
  readonly fingerprint: string
}

const NO_FUNCTIONS: ReadonlyMap<StepPlan, (...args: never[]) => unknown> = new Map()

/** Everything that a plan names, compiled. */
export class Library {
  readonly #steps = new Map<StepPlan, LoadedStep>()
  readonly #topics = new Map<string, TopicFormat>()

  /**
   * Loads every function that is not among `functions`, and compiles every converter of `plan`.
   * @throws CODE_INVALID and others of code/: a function does not load
   */
  static async load(
    plan: Plan,
    folder: string,
    functions: ReadonlyMap<StepPlan, (...args: never[]) => unknown> = NO_FUNCTIONS,
    registries: RegistryOptions | null = null
  ): Promise<Library> {
    const library = new Library()
    const converterOf = valueConverters(registries)
    for (const step of allSteps(plan)) {
      const given = functions.get(step)
      const fn = given === undefined ? await loadStep(step, folder) : (given as UserFunction)
      const describe = (error: unknown): ErrorText => describeUserError(error, step, folder)
      library.#steps.set(step, { fn: fn as UserFunction, describe })
    }
    for (const [id, topic] of Object.entries(plan.topics)) {
      library.#topics.set(id, topicFormat(topic, converterOf(topic)))
    }
    for (const id of writtenTopics(plan)) await library.#topics.get(id)?.value.openWriter?.()
    return library
  }

  step(step: StepPlan): LoadedStep {
    return this.#steps.get(step)!
  }

  topic(id: string): TopicFormat {
    return this.#topics.get(id)!
  }

  /** How records travel between tasks behind `assignKey`. */
  repartition(assignKey: StepPlan): RepartitionFormat {
    return {
      key: assignKey.outputKey === null ? anyJson : keyConverter(assignKey.outputKey),
      value: assignKey.input === null ? anyJson : compileConverter(assignKey.input, 'json')
    }
  }

  /** Checks assigned keys where their type is known. */
  keyCodec(type: Type | null): KeyCodec | null {
    return type === null ? null : compileKeyCodec(type as ScalarType)
  }

  state(state: Extract<StatePlan, { kind: 'owned' }>): StateFormat {
    const types = `${fingerprintOf(state.key)} -> ${fingerprintOf(state.value)}`
    return {
      key: compileKeyCodec(state.key as ScalarType),
      value: state.result === undefined ? compileValueCodec(state.value) : shared(state.value),
      fingerprint: state.ttlMs === null ? types : `${types} stamped`
    }
  }
}

/** The codec of values that are never changed in place and always right. */
function shared(type: Type): ValueCodec {
  return { ...compileValueCodec(type), copy: value => value, check: value => value }
}

/** The steps of a plan, each once. */
export function allSteps(plan: Plan): StepPlan[] {
  return plan.services.flatMap(service => [
    ...service.sources.flatMap(source => source.steps),
    ...service.steps,
    ...timeSteps(service),
    ...(service.partition === null
      ? []
      : [
          service.partition.assignKey,
          ...service.partition.steps,
          ...(service.partition.updateState === null ? [] : [service.partition.updateState])
        ]),
    ...service.sinks.flatMap(sink => sink.steps)
  ])
}

/** The functions of event time and windows beside the partition. */
export function timeSteps({ time, window }: ServicePlan): StepPlan[] {
  const placed = [time?.assignTimestamp, window?.merge, window?.flushKey, window?.flush]
  return [...(window?.steps ?? []), ...placed.filter(step => step !== null && step !== undefined)]
}

/** Ids of the topics that functions' results go to. */
function writtenTopics(plan: Plan): ReadonlySet<string> {
  return new Set(plan.services.flatMap(writtenTopicIds))
}

/** Makes the converters of topics; those of one registry share its schemas. */
function valueConverters(options: RegistryOptions | null): (topic: TopicPlan) => RecordConverter {
  const clients = new Map<string, RegistryClient>()
  return ({ name, value }) => {
    const { registry } = value
    if (registry === undefined || options === null) return valueConverter(value, name)
    const identity = `${registry.url} ${registry.authEnv}`
    const client = clients.get(identity) ?? new RegistryClient(registry, options)
    clients.set(identity, client)
    return registryConverter(value, name, client)
  }
}

function topicFormat(topic: TopicPlan, value: RecordConverter): TopicFormat {
  const { type } = topic.value
  const absent = type.kind === 'option' || type.kind === 'null' ? null : undefined
  const key = keyConverter(topic.key as ScalarType | null)
  return { key: topic.key === null ? textOfAny(key) : key, value, absent }
}

/** Keys of a topic that declares none: text; other scalars that functions give are written as text. */
function textOfAny(text: RecordConverter): RecordConverter {
  return {
    immutable: text.immutable,
    fingerprint: text.fingerprint,
    decode: (bytes, start, end) => text.decode(bytes, start, end),
    encode: (key, into) => text.encode(isPlain(key) ? String(key) : key, into)
  }
}

function isPlain(key: unknown): boolean {
  return typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean'
}
