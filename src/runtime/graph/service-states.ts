// The states of a dataflow in one task: their specs for opening, and views of them for its services.
import type { Plan, ServicePlan, StatePlan } from '../../dataflow/plan.ts'
import { assert } from '../../base/index.ts'
import type { StateSpec, TaskState, ValueCodec } from '../../state/contract.ts'
import { type SeeState, aggregateResult } from '../builtin/index.ts'
import type { AccessSpec } from '../task/state-access.ts'
import type { Expiring } from '../task/sweeper.ts'
import { type SqlSource, TaskSql } from '../task/task-sql.ts'
import { WindowScope, WindowedView } from '../task/window-scope.ts'
import type { Windows } from '../windows/contract.ts'
import type { LastFlushed } from '../windows/last-flushed.ts'
import type { ResultState } from '../windows/results.ts'
import {
  ExpiringView,
  PlainView,
  type StateView,
  type Stamped,
  TouchingView,
  UndoableView,
  type UndoLog,
  type WriteGuard,
  stampedCodec
} from '../task/state-view.ts'
import type { Library, StateFormat } from './library.ts'
import { stateName } from './names.ts'
import { dedupSpecs } from './service-dedup.ts'
import { joinSpecs } from './service-joins.ts'
import { timedServices } from './time-flow.ts'
import { bookSpecs } from './window-states.ts'

type OwnedState = Extract<StatePlan, { kind: 'owned' }>

/** An owned state with its service. */
export interface DeclaredState {
  readonly service: string
  readonly plan: OwnedState
  readonly name: string
  /** In the changelog and the stores. */
  readonly stored: string
}

/** All states that services of the plan own, in the file's order. */
export function declaredStates(plan: Plan): DeclaredState[] {
  return plan.services.flatMap(service =>
    service.states
      .filter(state => state.kind === 'owned')
      .map(state => {
        const name = stateName(service.name, state.name)
        return { service: service.name, plan: state, name, stored: state.storedAs?.name ?? name }
      })
  )
}

/** What a task opens its state with. */
export function stateSpecs(plan: Plan, library: Library): StateSpec[] {
  const timed = timedServices(plan)
  const books = plan.services.flatMap(service => [
    ...bookSpecs(service, library, timed.has(service.name)),
    ...joinSpecs(service, library),
    ...dedupSpecs(service, library)
  ])
  const declared = declaredStates(plan).map(state => {
    const format = library.state(state.plan)
    const value =
      state.plan.ttlMs === null ? format.value : (stampedCodec(format.value) as ValueCodec<unknown>)
    const { key } = format
    const { windowed, storedAs } = state.plan
    const declared = windowed ? `${format.fingerprint} windowed` : format.fingerprint
    const fingerprint = storedAs?.fingerprint ?? declared
    const spec = { name: state.stored, key, value, fingerprint }
    return windowed ? { ...spec, namespaced: true } : spec
  })
  return [...declared, ...books]
}

/** The states that services keep for each window, by service. */
export interface WindowedStates {
  readonly scope: WindowScope
  /** Set once the windows are made. */
  windows: Windows | null
  /** What the window that was closed last held; set with {@link windows}. */
  last: LastFlushed | null
  /** With the properties under which functions know them. */
  readonly states: ResultState[]
}

/** Views of all states of one task. */
export class ServiceStates {
  /** Those with a time to live. */
  readonly expiring: Expiring[] = []
  readonly windowed: ReadonlyMap<string, WindowedStates>
  /** The states as tables, for `ctx.sql`. */
  readonly sql: TaskSql
  readonly #plan: Plan
  readonly #sources = new Map<string, SqlSource>()
  readonly #specs = new Map<string, AccessSpec>()
  /** Views of owning services for which reads count. */
  readonly #touching = new Map<string, StateView>()

  constructor(options: {
    readonly plan: Plan
    readonly library: Library
    readonly state: TaskState | null
    readonly guard: WriteGuard | null
    readonly undo: UndoLog | null
    readonly time: { readonly now: number }
  }) {
    const { plan, guard, time } = options
    this.#plan = plan
    this.sql = new TaskSql({ plan, sources: this.#sources, guard, time })
    this.windowed = new Map(
      options.plan.services
        .filter(service => service.window !== null)
        .map(service => [
          service.name,
          { scope: new WindowScope(), windows: null, last: null, states: [] }
        ])
    )
    for (const declared of declaredStates(options.plan)) {
      const { state, guard, time } = options
      assert(state !== null && guard !== null, 'a task with states has opened them')
      const view = this.#view(declared, state, guard, time)
      const format: StateFormat = options.library.state(declared.plan)
      this.#specs.set(declared.name, {
        name: declared.name,
        key: format.key,
        value: format.value,
        view: undoable(view, options.undo),
        writable: true,
        ...seen(declared.plan)
      })
      const touching = this.#touching.get(declared.name)
      if (touching !== undefined) {
        this.#touching.set(declared.name, undoable(touching, options.undo))
      }
    }
  }

  /** What stands under `ctx.state` in functions of a service: property and access. */
  of(service: ServicePlan): [string, AccessSpec][] {
    return service.states.map(state => {
      const isOwned = state.kind === 'owned'
      const name = isOwned
        ? stateName(service.name, state.name)
        : stateName(state.service, state.state)
      const spec = this.#specs.get(name)
      assert(spec !== undefined, `the plan ${this.#plan.name} declares state ${name}`)
      const view = (isOwned ? this.#touching.get(name) : undefined) ?? spec.view
      return [state.property, { ...spec, view, writable: isOwned && spec.see === undefined }]
    })
  }

  /** One of them, by its name in the service. */
  named(service: ServicePlan, name: string): AccessSpec {
    const index = service.states.findIndex(one => one.name === name)
    assert(index >= 0, `service ${service.name} has a state ${name}`)
    return this.of(service)[index]![1]
  }

  /** What stands there for the aggregate of the service itself: all of what it keeps. */
  ofAggregate(service: ServicePlan): [string, AccessSpec][] {
    return this.of(service).map(([property, { name, key, value, view }]) => [
      property,
      { name, key, value, view, writable: true }
    ])
  }

  /** How many keys a state has in windows that are open. */
  openKeys(service: string, name: string): number {
    const { states, last } = this.windowed.get(service)!
    const { view } = states.find(one => one.view.name === name)!
    return view.states.size - (last?.keptKeys(view) ?? 0)
  }

  /** What is read of the states from now on is what memory has. */
  freeze(): void {
    for (const { last } of this.windowed.values()) last?.freeze()
  }

  /** A state for people who look at it. */
  spec(name: string): AccessSpec {
    return this.#specs.get(name)!
  }

  #view(
    declared: DeclaredState,
    state: TaskState,
    guard: WriteGuard,
    time: { readonly now: number }
  ): StateView {
    const { ttlMs, windowed, property } = declared.plan
    if (windowed) {
      const windowed = this.windowed.get(declared.service)!
      const { scope, states } = windowed
      const view = new WindowedView(declared.name, state.namespaced(declared.stored), scope, guard)
      states.push({ property, view })
      const last = (): LastFlushed | null => windowed.last
      this.#sources.set(declared.name, {
        kind: 'windows',
        view,
        scope,
        last,
        ...seen(declared.plan)
      })
      return view
    }
    if (ttlMs === null) {
      const view = new PlainView(state.state(declared.stored), guard)
      this.#sources.set(declared.name, { kind: 'keys', view, ...seen(declared.plan) })
      return view
    }
    const view = new ExpiringView(state.state<Stamped>(declared.stored), guard, ttlMs, time)
    if (declared.plan.ttlAfter === 'access')
      this.#touching.set(declared.name, new TouchingView(view))
    this.expiring.push(view.expiring)
    this.#sources.set(declared.name, { kind: 'keys', view })
    return view
  }
}

function undoable(view: StateView, undo: UndoLog | null): StateView {
  return undo === null ? view : new UndoableView(view, undo)
}

function seen({ result }: OwnedState): { readonly see?: SeeState } {
  return result === undefined ? {} : { see: aggregateResult(result.aggregates) }
}
