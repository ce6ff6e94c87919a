// The numbers by which the protocol names parts of access rules (KIP-140, KIP-290), and filters of rules.
import type { AccessRule, Operation, ResourceKind } from '../../../security/index.ts'

const ANY_CODE = 1

/** Resource types. Dataflows and functions have none: Kafka's tools neither see nor change rules of them. */
const KINDS: ReadonlyMap<number, ResourceKind> = new Map([
  [2, 'topic'],
  [3, 'group'],
  [4, 'cluster'],
  [5, 'transactional-id']
])

const OPERATIONS: ReadonlyMap<number, Operation | 'all'> = new Map([
  [2, 'all'],
  [3, 'read'],
  [4, 'write'],
  [5, 'create'],
  [6, 'delete'],
  [7, 'alter'],
  [8, 'describe'],
  [9, 'cluster-action'],
  [10, 'describe-configs'],
  [11, 'alter-configs'],
  [12, 'idempotent-write']
])

const PERMISSIONS: ReadonlyMap<number, AccessRule['permission']> = new Map([
  [2, 'deny'],
  [3, 'allow']
])

const MATCH_CODE = 2
const PATTERNS: ReadonlyMap<number, AccessRule['pattern']> = new Map([
  [3, 'literal'],
  [4, 'prefixed']
])

const codeIn = <T>(codes: ReadonlyMap<number, T>, word: T): number =>
  [...codes].find(([, known]) => known === word)?.[0] ?? 0

/** Whether the protocol has numbers for a rule. */
export function isCodable(rule: AccessRule): boolean {
  return codeIn(KINDS, rule.kind) !== 0 && codeIn(OPERATIONS, rule.operation) !== 0
}

/** A rule in numbers. */
export function codesOf(rule: AccessRule): {
  readonly resourceType: number
  readonly patternType: number
  readonly operation: number
  readonly permissionType: number
} {
  return {
    resourceType: codeIn(KINDS, rule.kind),
    patternType: codeIn(PATTERNS, rule.pattern),
    operation: codeIn(OPERATIONS, rule.operation),
    permissionType: codeIn(PERMISSIONS, rule.permission)
  }
}

/** A bit for each operation, as answers say which are allowed (KIP-430). */
export function operationBits(operations: readonly Operation[]): number {
  return operations.reduce((bits, operation) => bits | (1 << codeIn(OPERATIONS, operation)), 0)
}

/** The rule that a request describes; null: one of its numbers stands for no single thing. */
export function ruleOf(asked: {
  readonly resourceType: number
  readonly resourceName: string
  readonly resourcePatternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}): AccessRule | null {
  const kind = KINDS.get(asked.resourceType)
  const pattern = PATTERNS.get(asked.resourcePatternType)
  const operation = OPERATIONS.get(asked.operation)
  const permission = PERMISSIONS.get(asked.permissionType)
  if (kind === undefined || pattern === undefined || operation === undefined) return null
  if (permission === undefined) return null
  const { resourceName: name, principal, host } = asked
  return { kind, pattern, name, principal, host, operation, permission }
}

/** Which rules a request means. */
export interface RuleFilter {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter: number
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}

const knows = (codes: ReadonlyMap<number, unknown>, code: number): boolean =>
  code === ANY_CODE || codes.has(code)

/** Whether a filter's numbers are ones that this broker knows. */
export function isFilter(filter: RuleFilter): boolean {
  const { patternTypeFilter: pattern } = filter
  return (
    knows(KINDS, filter.resourceTypeFilter) &&
    (knows(PATTERNS, pattern) || pattern === MATCH_CODE) &&
    knows(OPERATIONS, filter.operation) &&
    knows(PERMISSIONS, filter.permissionType)
  )
}

const fits = (wanted: number, code: number): boolean => wanted === ANY_CODE || wanted === code
const same = (wanted: string | null, text: string): boolean => wanted === null || wanted === text

/** Whether a filter means a rule. A pattern of the kind MATCH means all rules that concern a resource of that name. */
export function matches(filter: RuleFilter, rule: AccessRule): boolean {
  if (!isCodable(rule)) return false
  const codes = codesOf(rule)
  return (
    fits(filter.resourceTypeFilter, codes.resourceType) &&
    fits(filter.operation, codes.operation) &&
    fits(filter.permissionType, codes.permissionType) &&
    same(filter.principalFilter, rule.principal) &&
    same(filter.hostFilter, rule.host) &&
    matchesName(filter, rule, codes.patternType)
  )
}

function matchesName(filter: RuleFilter, rule: AccessRule, patternType: number): boolean {
  const { resourceNameFilter: name, patternTypeFilter: pattern } = filter
  if (pattern !== MATCH_CODE) {
    const isPattern = pattern === ANY_CODE || pattern === patternType
    return isPattern && (name === null || name === rule.name)
  }
  if (name === null) return true
  if (rule.pattern === 'prefixed') return name.startsWith(rule.name)
  return rule.name === name || rule.name === '*'
}
