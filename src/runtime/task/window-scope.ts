// Which window the functions of a service are working in, and what its states hold there.
//
// One scope a service and task: nothing runs concurrently in a task, so one window at a time is open in it.
import { MillraceError } from '../../base/index.ts'
import type { KeyedState, NamespacedState, StateKey, ValueCodec } from '../../state/contract.ts'
import type { StateView, WriteGuard } from './state-view.ts'

/** Bounds of a window as `ctx.window` shows them, ms since the epoch. */
export interface WindowBounds {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** False for results that are given before the window closes. */
  readonly isFinal: boolean
}

/** What windowed states need of a state. */
export type WindowState = Pick<KeyedState, 'get' | 'has' | 'set' | 'delete' | 'entries'>

/** The window that is open in a service. */
export class WindowScope {
  /** Where the states' entries stand. */
  namespace = 0
  /** False outside of windows: states cannot be used there. */
  isOpen = false
  /** Rises when {@link namespace} or {@link parts} change, so that views look anew. */
  version = 0
  /** Set while the window belongs to one key: all that `entries` gives. */
  onlyKey: StateKey | undefined = undefined
  /** Set while a window is put together from panes: states by name. */
  parts: ReadonlyMap<string, WindowState> | null = null

  /** From here to {@link leave} states are those of `namespace`. */
  enter(namespace: number): void {
    // Hot: per record.
    this.isOpen = true
    if (namespace === this.namespace && this.parts === null) return
    this.namespace = namespace
    this.parts = null
    this.version++
  }

  /** From here to {@link leave} states are `parts`. */
  enterParts(parts: ReadonlyMap<string, WindowState>): void {
    this.isOpen = true
    this.parts = parts
    this.version++
  }

  leave(): void {
    this.isOpen = false
    this.onlyKey = undefined
  }

  /** The states of a namespace are gone: nobody may hold them. */
  forget(): void {
    this.version++
  }
}

/** A state that is kept for each window. */
export class WindowedView implements StateView {
  readonly name: string
  readonly states: NamespacedState
  /** How often functions wrote; rollbacks count, too. */
  get writes(): number {
    return this.#writes + this.#guard.rollbacks
  }
  readonly #scope: WindowScope
  readonly #guard: WriteGuard
  #state: WindowState
  #version = -1
  #writes = 0

  constructor(name: string, states: NamespacedState, scope: WindowScope, guard: WriteGuard) {
    this.name = name
    this.states = states
    this.#scope = scope
    this.#guard = guard
    this.#state = NONE
  }

  read(key: StateKey): unknown {
    return this.#current().get(key)
  }

  has(key: StateKey): boolean {
    return this.#current().has(key)
  }

  write(key: StateKey, value: unknown): void {
    const state = this.#current()
    this.#guard.beforeWrite()
    this.#writes++
    state.set(key, value)
  }

  delete(key: StateKey): boolean {
    const state = this.#current()
    this.#guard.beforeWrite()
    this.#writes++
    return state.delete(key)
  }

  *entries(): Iterable<[StateKey, unknown]> {
    const state = this.#current()
    const key = this.#scope.onlyKey
    if (key === undefined) yield* state.entries()
    else if (state.has(key)) yield [key, state.get(key)]
  }

  #current(): WindowState {
    const scope = this.#scope
    if (!scope.isOpen) throw noWindow(this.name)
    if (scope.version === this.#version) return this.#state
    this.#version = scope.version
    return (this.#state =
      scope.parts === null ? this.states.in(scope.namespace) : scope.parts.get(this.name)!)
  }
}

/** A state that lives as long as one result is computed. */
export class ScratchState implements WindowState {
  readonly #values = new Map<StateKey, unknown>()
  readonly #codec: ValueCodec

  constructor(codec: ValueCodec) {
    this.#codec = codec
  }

  get(key: StateKey): unknown {
    const value = this.#values.get(key)
    return value === undefined ? undefined : this.#codec.copy(value)
  }

  has(key: StateKey): boolean {
    return this.#values.has(key)
  }

  set(key: StateKey, value: unknown): void {
    this.#values.set(key, value)
  }

  delete(key: StateKey): boolean {
    return this.#values.delete(key)
  }

  *entries(): Iterable<[StateKey, unknown]> {
    for (const [key, value] of this.#values) yield [key, this.#codec.copy(value)]
  }
}

const NONE: WindowState = {
  get: () => undefined,
  has: () => false,
  set: () => undefined,
  delete: () => false,
  entries: () => []
}

function noWindow(name: string): MillraceError {
  return new MillraceError(
    'STATE_OUTSIDE_WINDOW',
    `state ${name} is kept for each window, and this function stands outside of the window; expected it to be ` +
      `used in the window's partition or flush; move the function there, or declare the state with windowed: false`
  )
}
