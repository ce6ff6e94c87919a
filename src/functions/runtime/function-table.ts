// The function types of an application in one task: what runs them, what is known of their states, counters.
import { FUNCTION_BATCH_MESSAGES_MAX, FUNCTION_TYPES_MAX, MillraceError } from '../../base/index.ts'
import {
  type AnyValueSpec,
  type Expiration,
  type StatefulFunction,
  parseTypeName
} from '../sdk/index.ts'
import { type AddressState, isOver, typeChanged } from './address-state.ts'
import type { CallAttempt, FunctionEndpoint, RemoteValueSpec } from './contract.ts'
import { Fifo } from './fifo.ts'
import { Histogram } from './histogram.ts'
import type { Mailbox } from './mailboxes.ts'
import type { Pressure, TypeLoad } from './pressure/pressure.ts'

/** One declared state of a function. */
export interface KnownSpec {
  readonly name: string
  readonly typename: string
  readonly expiration: Expiration
}

/** What runs a function. */
export type FunctionCode =
  | { readonly kind: 'local'; readonly fn: StatefulFunction }
  | { readonly kind: 'remote'; readonly endpoint: FunctionEndpoint }

/** One function type in one task. */
export class FunctionEntry {
  readonly typename: string
  readonly code: FunctionCode
  /** Declared states; those of a remote function are learnt from its answers. */
  readonly specs: KnownSpec[] = []
  readonly batchMax: number
  /** Whether it ever gave a promise. */
  isAsync: boolean
  /** Whether a remote function's states are unknown yet: until then it is called once at a time. */
  isLearning: boolean
  /** Whether a state is touched by each invocation. */
  refreshes = false
  /** Addresses that wait for their turn to call. */
  readonly waiting: Fifo<Mailbox> = new Fifo<Mailbox>()
  received = 0
  outLocal = 0
  outRemote = 0
  outEgress = 0
  failed = 0
  /** Failed attempts to call it where it is remote. */
  remoteFailures = 0
  /** Durations of the attempts. */
  readonly latency: Histogram = new Histogram()
  /** Calls under way. */
  calls = 0
  /** Messages in mailboxes of this task. */
  backlog = 0
  /** What waits for it in all tasks. */
  readonly load: TypeLoad

  constructor(typename: string, code: FunctionCode, load: TypeLoad) {
    this.typename = typename
    this.code = code
    this.load = load
    const isRemote = code.kind === 'remote'
    this.isAsync = isRemote
    this.isLearning = isRemote
    const asked = isRemote ? code.endpoint.maxNumBatchRequests : undefined
    this.batchMax = asked !== undefined && asked > 0 ? asked : FUNCTION_BATCH_MESSAGES_MAX
    if (code.kind === 'local') for (const spec of code.fn.specs) this.#declare(knownOf(spec))
  }

  /**
   * Takes over states that a remote function has declared. A known one is not altered.
   * @throws FUNCTION_STATE_CONFLICT it is known under another type
   */
  learn(specs: readonly RemoteValueSpec[]): void {
    for (const spec of specs) {
      const known = this.spec(spec.name)
      if (known === null) {
        this.#declare(spec)
      } else if (known.typename !== spec.typename) {
        throw new MillraceError(
          'FUNCTION_STATE_CONFLICT',
          `${this.typename} declares the value "${spec.name}" as ${spec.typename} and declared it as ` +
            `${known.typename} before; expected one type for one name; give the new one another name`,
          { details: { typename: this.typename, value: spec.name } }
        )
      }
    }
  }

  spec(name: string): KnownSpec | null {
    const { specs } = this
    for (let index = 0; index < specs.length; index++) {
      if (specs[index]!.name === name) return specs[index]!
    }
    return null
  }

  /** Counts one attempt to call it. */
  readonly observe = ({ durationMs, failed }: CallAttempt): void => {
    this.latency.add(durationMs)
    if (failed) this.remoteFailures++
  }

  #declare(spec: KnownSpec): void {
    this.specs.push(spec)
    if (spec.expiration.mode === 'after-invoke') this.refreshes = true
  }
}

/** All function types; those of a namespace's endpoint come into being when they are first addressed. */
export class FunctionTable {
  /** Namespace, then name. */
  readonly #entries = new Map<string, Map<string, FunctionEntry>>()
  readonly #wildcards = new Map<string, FunctionEndpoint>()
  readonly #pressure: Pressure
  #count = 0

  /** @throws FUNCTION_DUPLICATE, FUNCTION_TYPENAME */
  constructor(
    functions: readonly StatefulFunction[],
    endpoints: readonly FunctionEndpoint[],
    pressure: Pressure
  ) {
    this.#pressure = pressure
    for (const fn of functions) this.#add(fn.typename, { kind: 'local', fn })
    for (const endpoint of endpoints) {
      const parts = parseTypeName(endpoint.functions)
      if (parts?.name !== '*') {
        this.#add(endpoint.functions, { kind: 'remote', endpoint })
      } else if (this.#wildcards.has(parts.namespace)) {
        throw duplicate(endpoint.functions)
      } else {
        this.#wildcards.set(parts.namespace, endpoint)
      }
    }
  }

  /** The function type `namespace/type`, or null. An exact one goes before its namespace's. */
  find(namespace: string, type: string): FunctionEntry | null {
    // Hot: per message. Two maps of texts that are shared cost less than one of a text made for it.
    const entry = this.#entries.get(namespace)?.get(type)
    if (entry !== undefined) return entry
    const endpoint = this.#wildcards.get(namespace)
    if (endpoint === undefined || this.#count >= FUNCTION_TYPES_MAX) return null
    if (parseTypeName(`${namespace}/${type}`) === null) return null
    return this.#put(namespace, type, { kind: 'remote', endpoint })
  }

  /** All types that were declared or addressed. */
  *all(): Iterable<FunctionEntry> {
    for (const types of this.#entries.values()) yield* types.values()
  }

  #add(typename: string, code: FunctionCode): void {
    const parts = parseTypeName(typename)
    if (parts === null) {
      throw new MillraceError(
        'FUNCTION_TYPENAME',
        `a function’s type is ${JSON.stringify(typename)}; expected "namespace/name" with exactly one "/"; correct it`
      )
    }
    if (this.#entries.get(parts.namespace)?.has(parts.name)) throw duplicate(typename)
    this.#put(parts.namespace, parts.name, code)
  }

  #put(namespace: string, name: string, code: FunctionCode): FunctionEntry {
    let types = this.#entries.get(namespace)
    if (types === undefined) this.#entries.set(namespace, (types = new Map()))
    const typename = `${namespace}/${name}`
    const entry = new FunctionEntry(typename, code, this.#pressure.loadOf(typename))
    types.set(name, entry)
    this.#count++
    return entry
  }
}

/** @throws STATE_TYPE_CHANGED a value was stored under another type than it is declared with */
export function checkTypes(
  entry: FunctionEntry,
  key: string,
  state: AddressState,
  now: number
): void {
  for (let index = 0; index < state.length; index++) {
    const slot = state[index]!
    const spec = entry.spec(slot.name)
    if (spec === null || spec.typename === slot.typename || isOver(slot, now)) continue
    throw typeChanged(key, slot, spec.typename)
  }
}

function knownOf({ name, type, expiration }: AnyValueSpec): KnownSpec {
  return { name, typename: type.typename, expiration }
}

function duplicate(typename: string): MillraceError {
  return new MillraceError(
    'FUNCTION_DUPLICATE',
    `the function type ${typename} is defined twice; expected one definition; remove or rename the other`,
    { details: { typename } }
  )
}
