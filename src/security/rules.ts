// Access rules: who may do what to which resources. Kept in memory by resource, and durably in the broker's memory.
//
//   A1  A denial that matches counts, whatever is allowed beside it.
//   A2  What no rule allows is denied.
//   A3  A rule that is there twice is there once.
//   A4  What could not be written is not there; what was removed is gone, even if that could not be written.
import { MillraceError } from '../base/index.ts'
import type { SecurityMemory } from './memory.ts'
import {
  ANY,
  CLUSTER_NAME,
  EVERYBODY,
  INCLUDED_IN,
  OPERATIONS_OF,
  checkPrincipal,
  isPlainName,
  type Operation,
  type Principal,
  type ResourceKind
} from './words.ts'

const PREFIX = 'acl:'
const RULES_MAX = 10_000
/** Decisions that are remembered until a rule changes. */
const DECISIONS_MAX = 20_000

/** One rule. */
export interface AccessRule {
  readonly permission: 'allow' | 'deny'
  /** `User:*` is everybody. */
  readonly principal: Principal
  /** Address of the client, or `*`. */
  readonly host: string
  readonly operation: Operation | 'all'
  readonly kind: ResourceKind
  /** `prefixed`: every name that begins with `name`. */
  readonly pattern: 'literal' | 'prefixed'
  /** A literal `*` is every resource of the kind. */
  readonly name: string
}

/** Who asks from where. */
export interface Asker {
  readonly principal: Principal
  /** The client's address, without its port. */
  readonly host: string
}

/** All rules. */
export class Rules {
  readonly #memory: SecurityMemory
  readonly #rules = new Map<string, AccessRule>()
  readonly #literal = new Map<string, AccessRule[]>()
  readonly #prefixed = new Map<ResourceKind, AccessRule[]>()
  readonly #decisions = new Map<string, boolean>()

  constructor(memory: SecurityMemory) {
    this.#memory = memory
    for (const [key, value] of memory.entries(PREFIX)) this.#rules.set(key, value as AccessRule)
    this.#index()
  }

  get size(): number {
    return this.#rules.size
  }

  /** All rules, by resource. */
  list(): readonly AccessRule[] {
    return [...this.#rules].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule)
  }

  /** Adds all rules or none; resolves when durable. @throws SECURITY_RULE, SECURITY_NAME, SECURITY_FULL */
  async add(rules: readonly AccessRule[]): Promise<void> {
    for (const rule of rules) checkRule(rule)
    if (rules.length === 0) return
    const changes = new Map<string, AccessRule>()
    for (const rule of rules) changes.set(keyOf(rule), rule)
    const added = [...changes.keys()].filter(key => !this.#rules.has(key)).length
    if (this.#rules.size + added > RULES_MAX) {
      throw new MillraceError(
        'SECURITY_FULL',
        `${this.#rules.size + added} access rules; at most ${RULES_MAX} are kept; use prefixes instead of single names`
      )
    }
    const fresh = [...changes.keys()].filter(key => !this.#rules.has(key))
    for (const [key, rule] of changes) this.#rules.set(key, rule)
    this.#index()
    try {
      await this.#memory.change(prefixed(changes))
    } catch (error) {
      for (const key of fresh) this.#rules.delete(key)
      this.#index()
      throw error
    }
  }

  /** Removes rules; resolves when that is durable. */
  async remove(rules: readonly AccessRule[]): Promise<void> {
    const changes = new Map<string, null>()
    for (const rule of rules) {
      const key = keyOf(rule)
      if (this.#rules.delete(key)) changes.set(key, null)
    }
    if (changes.size === 0) return
    this.#index()
    await this.#memory.change(prefixed(changes))
  }

  // Hot: per topic of a request; a decision that was made before is one look-up.
  /** Whether the rules allow it. */
  allow(asker: Asker, operation: Operation, kind: ResourceKind, name: string): boolean {
    const key = `${asker.principal}\n${asker.host}\n${operation}\n${kind}\n${name}`
    const known = this.#decisions.get(key)
    if (known !== undefined) return known
    if (this.#decisions.size >= DECISIONS_MAX) this.#decisions.clear()
    const decision = decide(this.#matching(kind, name), asker, operation)
    this.#decisions.set(key, decision)
    return decision
  }

  /** Whether there is a resource of the kind for which the rules allow it (KIP-679). */
  allowAny(asker: Asker, operation: Operation, kind: ResourceKind): boolean {
    const own = [...this.#rules.values()].filter(
      rule => rule.kind === kind && concerns(rule, asker)
    )
    const denied = own.filter(rule => rule.permission === 'deny' && covers(rule, operation))
    if (denied.some(rule => rule.pattern === 'literal' && rule.name === ANY)) return false
    return own.some(rule => {
      if (rule.permission === 'deny' || !covers(rule, operation)) return false
      return !denied.some(denial => contains(denial, rule))
    })
  }

  #matching(kind: ResourceKind, name: string): readonly AccessRule[] {
    return [
      ...(this.#literal.get(`${kind}\n${name}`) ?? []),
      ...(name === ANY ? [] : (this.#literal.get(`${kind}\n${ANY}`) ?? [])),
      ...(this.#prefixed.get(kind) ?? []).filter(rule => name.startsWith(rule.name))
    ]
  }

  #index(): void {
    this.#decisions.clear()
    this.#literal.clear()
    this.#prefixed.clear()
    for (const rule of this.#rules.values()) {
      if (rule.pattern === 'prefixed') push(this.#prefixed, rule.kind, rule)
      else push(this.#literal, `${rule.kind}\n${rule.name}`, rule)
    }
  }
}

function push<K>(into: Map<K, AccessRule[]>, key: K, rule: AccessRule): void {
  const known = into.get(key)
  if (known === undefined) into.set(key, [rule])
  else known.push(rule)
}

const keyOf = ({ kind, pattern, name, principal, host, operation, permission }: AccessRule) =>
  JSON.stringify([kind, pattern, name, principal, host, operation, permission])

const prefixed = (changes: ReadonlyMap<string, unknown>): Map<string, unknown> =>
  new Map([...changes].map(([key, value]) => [PREFIX + key, value]))

/** A1, A2. */
function decide(rules: readonly AccessRule[], asker: Asker, operation: Operation): boolean {
  const own = rules.filter(rule => concerns(rule, asker))
  const isDenied = own.some(rule => rule.permission === 'deny' && covers(rule, operation))
  if (isDenied) return false
  const enough = [operation, ...(INCLUDED_IN[operation] ?? [])]
  return own.some(
    rule => rule.permission === 'allow' && enough.some(allowed => covers(rule, allowed))
  )
}

function concerns(rule: AccessRule, { principal, host }: Asker): boolean {
  const isWho = rule.principal === principal || rule.principal === EVERYBODY
  return isWho && (rule.host === ANY || rule.host === host)
}

const covers = (rule: AccessRule, operation: Operation): boolean =>
  rule.operation === 'all' || rule.operation === operation

/** Whether every resource of a permission is one of a denial. */
function contains(denial: AccessRule, allowed: AccessRule): boolean {
  if (denial.pattern === 'prefixed') return allowed.name.startsWith(denial.name)
  return allowed.pattern === 'literal' && allowed.name === denial.name
}

/** @throws SECURITY_RULE, SECURITY_NAME the rule could never count, or names nothing */
export function checkRule(rule: AccessRule): void {
  checkPrincipal(rule.principal)
  const problem = problemOf(rule)
  if (problem === null) return
  throw new MillraceError('SECURITY_RULE', `the access rule is not possible: ${problem}`)
}

function problemOf({ kind, name, host, pattern, operation }: AccessRule): string | null {
  if (!isPlainName(name)) {
    return 'it names no resource; expected 1 to 512 characters without control characters'
  }
  if (!isPlainName(host) || host.includes('/')) {
    return `host ${JSON.stringify(host.slice(0, 80))}; expected an address of a client, or *`
  }
  if (kind === 'cluster' && (name !== CLUSTER_NAME || pattern !== 'literal')) {
    return `a cluster called ${JSON.stringify(name.slice(0, 80))}; there is one, ${CLUSTER_NAME}`
  }
  if (operation !== 'all' && !OPERATIONS_OF[kind].includes(operation)) {
    return `${operation} of a ${kind}; expected one of ${OPERATIONS_OF[kind].join(', ')} or all`
  }
  return null
}
