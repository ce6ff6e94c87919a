// What a dataflow must come to, computed the naive way: all records in a list, one service after the other.
//
// Knows nothing of tasks, epochs, batches or bytes. Values and keys are text.
import type { Plan, ServicePlan, StepPlan } from '../../src/dataflow/plan.ts'
import { isKeyed, keyed } from '../../src/runtime/code/index.ts'

/** A record between operators. */
export interface Item {
  readonly key: string | null
  readonly value: string
  /** What assign-key gave: the key of states, and of the context inside the partition. */
  readonly owner?: string
}

/** Everything that a dataflow leaves behind. */
export interface Outcome {
  readonly topics: Readonly<Record<string, readonly Item[]>>
  /** `service/operator: value` of the original record. */
  readonly deadLetters: readonly string[]
  readonly states: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** Runs `plan` depth first over `inputs`, in their order. */
export async function naiveOutcome(
  plan: Plan,
  inputs: readonly { readonly topic: string; readonly item: Item }[]
): Promise<Outcome> {
  const oracle = new Oracle(plan)
  for (const { topic, item } of inputs) await oracle.take(topic, item)
  return oracle
}

class Oracle implements Outcome {
  readonly topics: Record<string, Item[]> = {}
  readonly deadLetters: string[] = []
  readonly states: Record<string, Record<string, number>> = {}
  readonly #plan: Plan
  readonly #functions = new Map<StepPlan, (value: string, ctx: unknown) => unknown>()

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** A record of a topic, through all that read it. */
  async take(topic: string, item: Item): Promise<void> {
    const readers = readersOf(this.#plan, topic)
    for (const service of readersFirst(readers, reader => below(this.#plan, [reader]))) {
      for (const source of service.sources) {
        if (source.topic === topic) await this.#serve(service, source.steps, item)
      }
    }
  }

  async #serve(service: ServicePlan, first: readonly StepPlan[], original: Item): Promise<void> {
    const { partition } = service
    const steps = [...first, ...service.steps]
    if (partition !== null) {
      steps.push(partition.assignKey, ...partition.steps)
      if (partition.updateState !== null) steps.push(partition.updateState)
    }
    await this.#through(service, steps, original, original, async item => {
      const plan = this.#plan
      for (const sink of readersFirst(service.sinks, one =>
        below(plan, readersOf(plan, one.topic))
      )) {
        await this.#through(service, sink.steps, original, item, async out => {
          const made = { key: out.key, value: out.value }
          ;(this.topics[sink.topic] ??= []).push(made)
          await this.take(sink.topic, made)
        })
      }
    })
  }

  /** Depth first: what becomes of an element is complete before its next sibling begins. */
  async #through(
    service: ServicePlan,
    steps: readonly StepPlan[],
    original: Item,
    item: Item,
    then: (item: Item) => Promise<void>
  ): Promise<void> {
    const [step, ...rest] = steps
    if (step === undefined) return then(item)
    for (const next of await this.#apply(service, step, original, item)) {
      await this.#through(service, rest, original, next, then)
    }
  }

  async #apply(service: ServicePlan, step: StepPlan, original: Item, item: Item): Promise<Item[]> {
    const before = structuredClone(this.states)
    let result: unknown
    try {
      result = await this.#function(step)(item.value, this.#context(service, step, item))
      if (step.operator === 'flat-map') result = [...(result as Iterable<unknown>)]
    } catch {
      Object.assign(this.states, before)
      this.deadLetters.push(`${service.name}/${step.name}: ${original.value}`)
      return []
    }
    switch (step.operator) {
      case 'filter':
        return result === true ? [item] : []
      case 'assign-key':
        return [{ ...item, owner: result as string }]
      case 'flat-map':
        return (result as unknown[]).map(one => itemOf(one, item))
      default:
        return result === undefined || result === null ? [] : [itemOf(result, item)]
    }
  }

  #context(service: ServicePlan, step: StepPlan, item: Item): unknown {
    const { partition } = service
    const isInPartition =
      partition !== null && (partition.updateState === step || partition.steps.includes(step))
    const state: Record<string, unknown> = {}
    for (const one of service.states) {
      const owner = one.kind === 'owned' ? service.name : one.service
      const name = `${owner}.${one.kind === 'owned' ? one.name : one.state}`
      state[one.property] = access((this.states[name] ??= {}), item.owner ?? item.key)
    }
    return { key: isInPartition ? item.owner : item.key, state }
  }

  #function(step: StepPlan): (value: string, ctx: unknown) => unknown {
    let found = this.#functions.get(step)
    if (found === undefined) {
      if (step.code.kind !== 'inline') throw new Error('the oracle knows inline functions only')
      // eslint-disable-next-line no-new-func
      found = new Function('keyed', `return ${step.code.source}`)(keyed) as NonNullable<
        typeof found
      >
      this.#functions.set(step, found)
    }
    return found
  }
}

function readersOf(plan: Plan, topic: string): ServicePlan[] {
  return plan.services.filter(service => service.sources.some(source => source.topic === topic))
}

/** The services and all that get records from them. */
function below(plan: Plan, services: readonly ServicePlan[]): ServicePlan[] {
  const next = services.flatMap(service =>
    service.sinks.flatMap(sink => readersOf(plan, sink.topic))
  )
  return services.length === 0 ? [] : [...services, ...below(plan, next)]
}

/** The file's order, but who reads a state goes before who changes it, where the one is not below the other. */
function readersFirst<T>(items: readonly T[], reach: (item: T) => readonly ServicePlan[]): T[] {
  const mustPrecede = (one: T, other: T): boolean =>
    reach(one).some(service =>
      service.states.some(state => {
        if (state.kind === 'owned') return false
        const isOwner = (owner: ServicePlan): boolean => owner.name === state.service
        return reach(other).some(isOwner) && !reach(one).some(isOwner)
      })
    )
  const [...rest] = items
  const ordered: T[] = []
  while (rest.length > 0) {
    const at = rest.findIndex(one => rest.every(other => other === one || !mustPrecede(other, one)))
    ordered.push(...rest.splice(at < 0 ? 0 : at, 1))
  }
  return ordered
}

function itemOf(result: unknown, from: Item): Item {
  if (!isKeyed(result)) return { ...from, value: result as string }
  return { ...from, key: result.key as string | null, value: result.value as string }
}

/** Numbers under text keys, as `ctx.state` gives them. */
function access(values: Record<string, number>, key: string | null): unknown {
  const at = (one: string | null) => ({
    get: () => values[one!] ?? 0,
    has: () => Object.hasOwn(values, one ?? ''),
    update: (change: (n: number) => number) => (values[one!] = change(values[one!] ?? 0)),
    delete: () => delete values[one!],
    at
  })
  return at(key)
}
