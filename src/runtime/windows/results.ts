// The results of windows: flush over a window or for each key of it, on a frame and a chain of their own.
//
// Owns: which functions run over which states when a window closes, and the removal of those states. Does not own:
// when that is (the kinds of windows), what functions do, the states.
import { MillraceError } from '../../base/index.ts'
import type { StateKey } from '../../state/contract.ts'
import { type FunctionParts } from '../operators/function-operator.ts'
import { type Operator, isPromise } from '../operators/operator.ts'
import { endsTask } from '../task/failure.ts'
import type { Frame } from '../task/frame.ts'
import {
  ScratchState,
  type WindowBounds,
  type WindowedView,
  type WindowScope,
  type WindowState
} from '../task/window-scope.ts'
import { after, inTurn } from '../time/in-turn.ts'
import { type LastBook, LastFlushed } from './last-flushed.ts'

/** A state of the windows, with the property under which functions know it. */
export interface ResultState {
  readonly property: string
  readonly view: WindowedView
}

/** What {@link WindowResults} is made from. */
export interface ResultsOptions {
  /** Own to the results: no record uses it. */
  readonly frame: Frame
  readonly scope: WindowScope
  readonly states: readonly ResultState[]
  /** The task, which beside records without a key decides the partition. */
  readonly task: number
  readonly flush: Operator | null
  readonly flushKey: Operator | null
  /** The function that adds parts, with its counters and its error policy; null without. */
  readonly merge: FunctionParts | null
  /** Of windows of single keys: the bounds of those that were closed last. */
  readonly lastBook: LastBook | null
}

/** Gives and removes what windows hold. */
export class WindowResults {
  readonly #options: ResultsOptions
  readonly #frame: Frame
  readonly #scope: WindowScope
  /** What was closed last. */
  readonly last: LastFlushed
  /** The window that is about to be removed, as `clear` does. */
  #closing: { readonly namespace: number; readonly bounds: WindowBounds } | null = null

  constructor(options: ResultsOptions) {
    this.#options = options
    this.#frame = options.frame
    this.#scope = options.scope
    this.last = new LastFlushed(
      options.states.map(({ view }) => view),
      options.lastBook
    )
  }

  /** Whether anything is given when a window closes. */
  get isSilent(): boolean {
    return this.#options.flush === null && this.#options.flushKey === null
  }

  /** The result of the window whose states stand in `namespace`. */
  give(namespace: number, bounds: WindowBounds, timestamp: number): void | Promise<void> {
    if (bounds.isFinal) this.#closing = { namespace, bounds }
    return this.#give(namespace, bounds, timestamp)
  }

  #give(namespace: number, bounds: WindowBounds, timestamp: number): void | Promise<void> {
    if (this.isSilent) return
    this.#begin(bounds, timestamp)
    this.#scope.enter(namespace)
    return after(this.#run(), () => this.#end())
  }

  /** The result of a window that belongs to `key`. */
  giveKey(
    namespace: number,
    key: StateKey,
    bounds: WindowBounds,
    timestamp: number
  ): void | Promise<void> {
    if (bounds.isFinal) this.#keepKey(namespace, key, bounds)
    const operator = this.#options.flushKey ?? this.#options.flush
    if (operator === null) return
    this.#begin(bounds, timestamp)
    this.#scope.enter(namespace)
    this.#scope.onlyKey = key
    this.#frame.owner = key
    return after(operator.push(undefined), () => this.#end())
  }

  /** The result of a window whose states stand in several namespaces, put together by `merge`. */
  givePanes(
    namespaces: readonly number[],
    bounds: WindowBounds,
    timestamp: number
  ): void | Promise<void> {
    if (this.isSilent && !bounds.isFinal) return
    const [only, second] = namespaces
    if (only !== undefined && second === undefined) {
      if (bounds.isFinal) this.#keepPane(only, bounds)
      return this.#give(only, bounds, timestamp)
    }
    this.#begin(bounds, timestamp)
    const scratch = this.#scratch()
    for (const namespace of namespaces) this.#addPane(namespace, scratch)
    if (bounds.isFinal) {
      const pairs = [...scratch].map(([name, state]) => [name, new Kept(state)] as const)
      this.last.put(bounds, new Map(pairs))
    }
    this.#scope.enterParts(scratch)
    return after(this.isSilent ? undefined : this.#run(), () => {
      this.#scope.enter(0)
      this.#end()
    })
  }

  /** Adds the states of `key` in `from` to those in `into`, and removes them. */
  mergeKey(from: number, into: number, key: StateKey, bounds: WindowBounds): void {
    const part: Record<string, unknown> = {}
    let isEmpty = true
    for (const { property, view } of this.#options.states) {
      const state = view.states.in(from)
      const value = state.get(key)
      if (value !== undefined) isEmpty = false
      part[property] = value ?? view.states.spec.value.zero()
      state.delete(key)
    }
    if (isEmpty) return
    this.#begin(bounds, bounds.end - 1)
    this.#scope.enter(into)
    this.#merge(key, part)
    this.#end()
  }

  /** Removes everything in a namespace; of a window over all keys that has just been closed when the next one is. */
  clear(namespace: number): void {
    const closing = this.#closing
    if (closing?.namespace === namespace) {
      this.#closing = null
      this.last.closed(namespace, closing.bounds)
    } else {
      for (const { view } of this.#options.states) view.states.clear(namespace)
    }
    this.#scope.forget()
  }

  /** A window is opened in a namespace: what was closed last does not stand there any more. */
  open(namespace: number): void {
    if (!this.last.keeps(namespace)) return
    this.last.release()
    this.#scope.forget()
  }

  /** Removes everything of one key. */
  clearKey(namespace: number, key: StateKey): void {
    for (const { view } of this.#options.states) view.states.in(namespace).delete(key)
  }

  #keepKey(namespace: number, key: StateKey, bounds: WindowBounds): void {
    for (const { view } of this.#options.states) {
      const value = view.states.in(namespace).get(key)
      if (value !== undefined) this.last.takeKey(view.name, key, value, bounds)
    }
  }

  /** A pane that is a window by itself may belong to the next one, too. */
  #keepPane(namespace: number, bounds: WindowBounds): void {
    const pairs = this.#options.states.map(
      ({ view }) => [view.name, [...view.states.in(namespace).entries()]] as const
    )
    this.last.put(bounds, new Map(pairs))
  }

  #run(): void | Promise<void> {
    const { flush, flushKey } = this.#options
    if (flush !== null) return flush.push(undefined)
    const frame = this.#frame
    return inTurn(this.#keys(), key => {
      frame.begin()
      frame.owner = key
      return flushKey!.push(undefined)
    })
  }

  /** All keys that have a value in one of the states. */
  #keys(): StateKey[] {
    const { states } = this.#options
    const keys = new Set<StateKey>()
    for (const { view } of states) {
      for (const [key] of view.entries()) keys.add(key)
    }
    return [...keys]
  }

  #addPane(namespace: number, scratch: ReadonlyMap<string, WindowState>): void {
    const { states } = this.#options
    const [only, second] = states
    if (only !== undefined && second === undefined) {
      return this.#addPaneOf(only, namespace, scratch)
    }
    const keys = new Set<StateKey>()
    for (const { view } of states) {
      for (const [key] of view.states.in(namespace).entries()) keys.add(key)
    }
    for (const key of keys) {
      const isNew = states.every(({ view }) => !scratch.get(view.name)!.has(key))
      const part: Record<string, unknown> = {}
      for (const { property, view } of states) {
        const value = view.states.in(namespace).get(key)
        if (isNew && value !== undefined) scratch.get(view.name)!.set(key, value)
        part[property] = value ?? view.states.spec.value.zero()
      }
      if (isNew) continue
      this.#scope.enterParts(scratch)
      this.#merge(key, part)
    }
  }

  /** The same where there is one state: half the time. */
  #addPaneOf(
    { property, view }: ResultState,
    namespace: number,
    scratch: ReadonlyMap<string, WindowState>
  ): void {
    // Hot: per key and pane.
    const into = scratch.get(view.name)!
    this.#scope.enterParts(scratch)
    // All of it first: what merge writes ends the time in which a loop is safe.
    const pairs = [...view.states.in(namespace).entries()]
    for (const [key, value] of pairs) {
      if (into.has(key)) this.#merge(key, { [property]: value })
      else into.set(key, value)
    }
  }

  #merge(key: StateKey, part: Readonly<Record<string, unknown>>): void {
    const parts = this.#options.merge!
    const { counters, index, guard, errors, describe, name, context, fn } = parts
    const frame = this.#frame
    frame.begin()
    frame.owner = key
    counters.in[index]! += 1
    guard?.begin()
    try {
      if (isPromise(fn(part, context))) throw asynchronous(name)
      counters.out[index]! += 1
    } catch (error) {
      if (endsTask(error)) throw error
      guard?.rollback()
      errors.settle({ error, text: describe(error), operator: name, index, frame, attempts: 1 })
    }
  }

  #scratch(): Map<string, WindowState> {
    return new Map(
      this.#options.states.map(({ view }) => [view.name, new ScratchState(view.states.spec.value)])
    )
  }

  #begin(bounds: WindowBounds, timestamp: number): void {
    const frame = this.#frame
    frame.begin()
    frame.window = bounds
    frame.timestamp = timestamp
    frame.partition = this.#options.task
  }

  #end(): void {
    this.#scope.leave()
    this.#frame.window = null
  }
}

/** The pairs of a state that nobody changes any more, read when they are asked for. */
class Kept {
  readonly #state: WindowState

  constructor(state: WindowState) {
    this.#state = state
  }

  [Symbol.iterator](): Iterator<[StateKey, unknown]> {
    return this.#state.entries()[Symbol.iterator]()
  }
}

function asynchronous(name: string): MillraceError {
  return new MillraceError(
    'RECORD_VALUE',
    `function ${name} returned a promise; expected merge to add the parts at once; do without await in it`
  )
}
