// One TypeScript source per dataflow: its types, its contexts, and every function in a place where it must fit.
//
// The checker does the inference. Each function stands in a scope of its own and must satisfy its operator's
// shape: the type that arrives as parameter, what the operator takes as return type. What a function is found
// to return is what arrives at the next one; what arrives at a sink must fit its topic. Parameters without a
// type get it from the shape. Names of ours begin with `$`.
import type {
  JoinPlan,
  JoinSidePlan,
  OperatorKind,
  Plan,
  ServicePlan,
  SinkPlan,
  StatePlan,
  StepPlan
} from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import { anchorOf, type MappedPlace, MappedText } from './source-map.ts'
import { SCALAR_ALIASES, TypeText } from './type-text.ts'

/** How the generated source reaches what it imports. */
export interface DeclarationOptions {
  /** What stands for `millrace/dataflow`; resolved by the checker. */
  readonly userModule: string
  /** The specifier under which the checker finds a module that the file names. */
  resolve(specifier: string): string
}

/** Generated TypeScript, and where its lines come from. */
export interface Declarations {
  readonly text: string
  readonly map: Pick<MappedText, 'placeOf'>
}

/** Types of what flows, as TypeScript. */
interface Flow {
  readonly value: string
  readonly key: string
}

const SHAPES = `type $MaybePromise<T> = T | PromiseLike<T>
type $Out<T> = T | $KeyValue<$Key | null, T>
type $Map<In, Out, C> = (value: In, ctx: C) => $MaybePromise<$Out<Out>>
type $Filter<In, Out, C> = (value: In, ctx: C) => $MaybePromise<boolean>
type $FilterMap<In, Out, C> = (value: In, ctx: C) => $MaybePromise<$Out<Out> | null | undefined | void>
type $FlatMap<In, Out, C> = (value: In, ctx: C) => $MaybePromise<readonly $Out<Out>[] | (Iterable<$Out<Out>> & object)>
type $AssignKey<In, Out, C> = (value: In, ctx: C) => $MaybePromise<Out>
type $AssignId<In, Out, C> = (value: In, ctx: C) => $MaybePromise<Out>
type $UpdateState<In, Out, C> = (value: In, ctx: C) => $MaybePromise<$Out<Out> | null | undefined | void>
type $AssignTimestamp<In, Out, C> = (value: In, ctx: C) => $MaybePromise<number>
type $TimestampOf<In, Out, C> = (value: In, timestamp: number, ctx: C) => $MaybePromise<number>
type $Merge<In, Out, C> = (part: In, ctx: C) => unknown
type $Flush<In, Out, C> = (ctx: C) => $MaybePromise<$Out<Out> | null | undefined | void>
type $Migrate<In, Out, C> = (value: In) => Out
type $Returned<F extends (...parameters: never[]) => unknown> = Awaited<ReturnType<F>>
type $Kept<F extends (...parameters: never[]) => unknown> = NonNullable<Exclude<$Returned<F>, void>>
type $Item<T> = T extends Iterable<infer E> ? E : never
type $Value<T> = T extends $KeyValue<any, infer V> ? V : T
type $NewKey<T, K> = T extends $KeyValue<infer N, any> ? N : K`

const SHAPE_NAMES: Readonly<Record<OperatorKind, string>> = {
  map: '$Map',
  filter: '$Filter',
  'filter-map': '$FilterMap',
  'flat-map': '$FlatMap',
  'assign-key': '$AssignKey',
  'update-state': '$UpdateState',
  'assign-id': '$AssignId',
  'assign-timestamp': '$AssignTimestamp',
  merge: '$Merge',
  flush: '$Flush',
  migrate: '$Migrate'
}

/** The source that the checker reads for `plan`. Pure. */
export function generateDeclarations(plan: Plan, options: DeclarationOptions): Declarations {
  const generator = new DeclarationGenerator(plan, options)
  return generator.generate()
}

class DeclarationGenerator {
  readonly #plan: Plan
  readonly #options: DeclarationOptions
  readonly #types: TypeText
  readonly #out = new MappedText()
  #count = 0
  /** Steps that always have a window. */
  readonly #inWindow: ReadonlySet<StepPlan>

  constructor(plan: Plan, options: DeclarationOptions) {
    this.#plan = plan
    this.#options = options
    this.#types = new TypeText(plan.types, '$KeyValue')
    this.#inWindow = new Set(plan.services.flatMap(stepsInWindow))
  }

  generate(): Declarations {
    const names = ['Context', 'Key', 'KeyValue', 'KeyedState', 'KeyedStateReader', 'Window']
    const imports = names.map(name => `type ${name} as $${name}`).join(', ')
    this.#out.add(`import { keyed, ${imports} } from ${JSON.stringify(this.#options.userModule)}`)
    this.#out.add(SCALAR_ALIASES.join('\n'))
    if (!this.#types.declares('KeyValue'))
      this.#out.add('type KeyValue<K = $Key | null, V = unknown> = $KeyValue<K, V>')
    this.#out.add(SHAPES)
    this.#out.add(this.#types.declarations())
    for (const service of this.#plan.services) {
      this.#service(service)
      this.#migrations(service)
    }
    return { text: this.#out.text, map: this.#out }
  }

  #service(service: ServicePlan): void {
    const states = `$States${this.#count++}`
    const properties = service.states.map(
      state => `readonly ${state.property}: ${this.#state(state)};`
    )
    this.#out.add(`type ${states} = {\n${properties.join('\n')}\n}`)
    const { partition, time, window } = service
    const main = [
      ...service.steps,
      ...(time?.assignTimestamp ? [time.assignTimestamp] : []),
      ...(window?.steps ?? []),
      ...(partition === null ? [] : [partition.assignKey]),
      ...(partition === null || service.join ? [] : partition.steps),
      ...(partition?.updateState ? [partition.updateState] : [])
    ]
    // What leaves a join is made by no step.
    const behind = service.join ? (partition?.steps ?? []) : []
    const closing = window?.flush ?? window?.flushKey ?? null
    const expected = closing === null ? this.#expectedBySinks(service) : null
    const fromMain = [...main, ...behind].some(transforms)
    const arriving = service.sources.map(source => {
      const topic = this.#plan.topics[source.topic]!
      const flow = {
        value: this.#types.of(topic.value.type),
        key: `${this.#keyOf(topic.key)} | null`
      }
      return this.#chain(source.steps, flow, fromMain ? null : expected, states, service)
    })
    const merged = {
      value: arriving.map(({ value }) => value).join(' | ') || 'never',
      key: arriving.map(({ key }) => key).join(' | ') || 'null'
    }
    const keyed = this.#chain(main, merged, fromMain ? expected : null, states, service)
    const before = service.join
      ? this.#chain(
          behind,
          { value: this.#pairOf(service.join), key: keyed.key },
          fromMain ? expected : null,
          states,
          service
        )
      : keyed
    const sendsBefore = service.emitsFromUpdateState || !partition?.updateState
    const leaving = this.#closing(service, states, sendsBefore ? before : null) ?? before
    const hasOutput = sendsBefore || closing !== null
    const all = [...service.sources.flatMap(({ steps }) => steps), ...main, ...behind]
    const last = all.findLast(transforms)
    const isChecked = expected !== null && last !== undefined
    if (hasOutput) {
      for (const sink of service.sinks) this.#sink(sink, leaving, isChecked, states, service)
    }
  }

  /** What comes out of a join. */
  #pairOf({ kind, left, right }: JoinPlan): string {
    const side = ({ as, value }: JoinSidePlan, mayBeNull: boolean): string =>
      `${JSON.stringify(as)}: ${this.#types.of(value)}${mayBeNull ? ' | null' : ''};`
    return `{ ${side(left, kind === 'outer')} ${side(right, kind !== 'inner')} }`
  }

  /** Functions that make new values of stored ones: from whatever they say that they take. */
  #migrations(service: ServicePlan): void {
    for (const state of service.states) {
      if (state.kind !== 'owned' || !state.migrate?.step) continue
      const { step } = state.migrate
      const number = this.#count++
      const shape = `$Migrate<any, ${this.#types.of(state.value)}, Context>`
      const anchor = anchorOf(step.code)
      this.#out.add(`type $Key${number} = $Key`, anchor)
      this.#function(step, number, shape, '{}', anchor)
    }
  }

  /** The functions that run when windows close; what leaves then, with what was sent `before`. */
  #closing(service: ServicePlan, states: string, before: Flow | null): Flow | null {
    const { window } = service
    if (window === null) return null
    const owned = service.states.filter(state => state.kind === 'owned' && state.windowed)
    const fields = owned.flatMap(state =>
      state.kind === 'owned' ? [`readonly ${state.property}: ${this.#types.of(state.value)};`] : []
    )
    const part = { value: `{ ${fields.join(' ')} }`, key: '$Key' }
    if (window.merge !== null) this.#step(window.merge, part, null, states, service)
    const step = window.flush ?? window.flushKey
    if (step === null) return null
    const isPerKey = step === window.flushKey || window.shape.kind === 'session'
    const key = isPerKey || window.shape.kind === 'count' ? this.#assignedKey(service) : 'null'
    const flow = this.#step(step, { value: 'undefined', key }, null, states, service)
    const leaving = {
      value: flow.value,
      key: `$NewKey<$Kept<typeof $step${this.#count - 1}>, null>`
    }
    if (before === null) return leaving
    return { value: `${before.value} | ${leaving.value}`, key: `${before.key} | ${leaving.key}` }
  }

  #keyOf(key: Type | null): string {
    return key === null ? 'string' : this.#types.of(key)
  }

  #state(state: StatePlan): string {
    if (state.kind === 'owned' && state.result === undefined) {
      return `$KeyedState<${this.#types.of(state.key)}, ${this.#types.of(state.value)}>`
    }
    const owned = state.kind === 'owned' ? state : this.#stateOf(state.service, state.state)
    if (owned?.kind !== 'owned') return 'never'
    const value = owned.result?.type ?? owned.value
    return `$KeyedStateReader<${this.#types.of(owned.key)}, ${this.#types.of(value)}>`
  }

  #stateOf(service: string, state: string): StatePlan | undefined {
    const owner = this.#plan.services.find(({ name }) => name === service)
    return owner?.states.find(({ name }) => name === state)
  }

  /** The type that all sinks without steps of their own take, where that is one. */
  #expectedBySinks(service: ServicePlan): string | null {
    if (!service.emitsFromUpdateState && service.partition?.updateState) return null
    if (service.sinks.length === 0 || service.sinks.some(({ steps }) => steps.length > 0))
      return null
    const texts = new Set(service.sinks.map(({ topic }) => this.#topicValue(topic)))
    return texts.size === 1 ? [...texts][0]! : null
  }

  #topicValue(topic: string): string {
    return this.#types.of(this.#plan.topics[topic]!.value.type)
  }

  #sink(
    sink: SinkPlan,
    arriving: Flow,
    isChecked: boolean,
    states: string,
    service: ServicePlan
  ): void {
    const taken = this.#topicValue(sink.topic)
    const leaving = this.#chain(sink.steps, arriving, taken, states, service)
    if (sink.steps.some(transforms) || isChecked) return
    const number = this.#count++
    const anchor = { ...sink.at, length: 1 }
    this.#out.add(`declare const $value${number}: ${leaving.value}`, anchor)
    this.#out.add(`const $sink${number}: ${taken} = $value${number}`, anchor)
  }

  /** Emits steps one after the other; the last that makes a new value must make `expected`. */
  #chain(
    steps: readonly StepPlan[],
    arriving: Flow,
    expected: string | null,
    states: string,
    service: ServicePlan
  ): Flow {
    const last = steps.findLastIndex(transforms)
    let flow = arriving
    for (const [index, step] of steps.entries()) {
      flow = this.#step(step, flow, index === last ? expected : null, states, service)
    }
    return flow
  }

  #step(
    step: StepPlan,
    arriving: Flow,
    expected: string | null,
    states: string,
    service: ServicePlan
  ): Flow {
    const number = this.#count++
    const anchor = anchorOf(step.code)
    const drops = step.operator === 'update-state' && !service.emitsFromUpdateState
    const out =
      step.operator === 'assign-key'
        ? this.#assignedKey(service)
        : step.operator === 'assign-id'
          ? '$Key'
          : (expected ?? '({} | null)')
    const takesTime =
      step.operator === 'assign-timestamp' && service.time?.timestampArgument === 'number'
    const name = takesTime ? '$TimestampOf' : SHAPE_NAMES[step.operator]
    const shape = `${name}<$In${number}, ${drops ? 'any' : out}, Context>`
    this.#out.add(
      `type $In${number} = ${arriving.value}\ntype $Key${number} = ${arriving.key}`,
      anchor
    )
    this.#function(step, number, shape, states, anchor)
    if (step.operator === 'map' && expected === null) {
      // Any object fits `{}`, a promise of nothing too.
      const result = `$Returned<typeof $step${number}>`
      this.#out.add(`declare const $result${number}: ${result}`, anchor)
      this.#out.add(`$result${number} satisfies {} | null`, anchor)
    }
    return this.#leaving(step.operator, `typeof $step${number}`, arriving, `$Key${number}`)
  }

  #leaving(operator: OperatorKind, step: string, arriving: Flow, key: string): Flow {
    const flow = (result: string): Flow => ({
      value: `$Value<${result}>`,
      key: `$NewKey<${result}, ${key}>`
    })
    switch (operator) {
      case 'filter':
      case 'assign-timestamp':
      case 'merge':
      case 'migrate':
        return arriving
      case 'assign-key':
      case 'assign-id':
        return { value: arriving.value, key: `$Returned<${step}>` }
      case 'map':
        return flow(`$Returned<${step}>`)
      case 'flat-map':
        return flow(`$Item<$Returned<${step}>>`)
      case 'filter-map':
      case 'update-state':
      case 'flush':
        return flow(`$Kept<${step}>`)
    }
  }

  /** The key of the owned states where they agree, else any key. */
  #assignedKey(service: ServicePlan): string {
    const keys = service.states.flatMap(state =>
      state.kind === 'owned' ? [this.#types.of(state.key)] : []
    )
    return new Set(keys).size === 1 ? keys[0]! : '$Key'
  }

  /** What a step without code returns. */
  #given({ operator, output, outputKey }: StepPlan): string {
    const word = (type: Type | null): string => (type === null ? 'void' : this.#types.of(type))
    if (operator === 'assign-key' || operator === 'assign-id') return word(outputKey)
    if (operator === 'assign-timestamp') return 'number'
    if (operator === 'filter') return 'boolean'
    if (output === null || outputKey === null) return word(output)
    return `$KeyValue<${word(outputKey)}, ${word(output)}>`
  }

  #function(
    step: StepPlan,
    number: number,
    shape: string,
    states: string,
    anchor: MappedPlace
  ): void {
    const { code } = step
    if (code.kind === 'builtin') {
      this.#out.add(
        `declare const $step${number}: (value: any, ctx: any) => ${this.#given(step)}`,
        anchor
      )
      return
    }
    if (code.kind === 'module') {
      const from = JSON.stringify(this.#options.resolve(code.specifier))
      this.#out.add(`import { ${code.exportName} as $module${number} } from ${from}`, anchor)
    }
    let expected = shape
    if (code.kind === 'inline' && code.types !== undefined) {
      // The package's names may be others here, so the shape is written outside.
      expected = `$Shape${number}<Context>`
      const placed = shape.replace(/, Context>$/, ', C>')
      this.#out.add(`type $Shape${number}<C> = ${placed}`, anchor)
    }
    this.#out.add(`const $step${number} = (() => {`, anchor)
    if (code.kind === 'inline' && code.types !== undefined) {
      this.#out.add(new TypeText(code.types, '$KeyValue').declarations(), anchor)
    }
    if (!this.#types.declares('Context')) {
      const inWindow = this.#inWindow.has(step) ? ' & { readonly window: $Window }' : ''
      this.#out.add(`type Context = $Context<${states}, $Key${number}>${inWindow}`, anchor)
    }
    this.#out.add('return (', anchor)
    if (code.kind === 'inline') this.#out.addSource(code)
    else this.#out.add(`$module${number}`, anchor)
    this.#out.add(`) satisfies ${expected}\n})()`, anchor)
  }
}

function stepsInWindow({ window, partition }: ServicePlan): StepPlan[] {
  if (window === null) return []
  const placed = [partition?.updateState, window.merge, window.flush, window.flushKey]
  return [
    ...(partition?.steps ?? []),
    ...placed.filter(step => step !== null && step !== undefined)
  ]
}

/** Whether what leaves is another value than what arrives. */
function transforms({ operator }: StepPlan): boolean {
  return !['filter', 'assign-key', 'assign-id', 'assign-timestamp'].includes(operator)
}
