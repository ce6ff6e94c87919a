// `millrace acl`: access rules, who may do what to which topics, groups, dataflows and functions.
import { isIP } from 'node:net'

import { MillraceError } from '../../base/index.ts'
import { nearestWord } from '../../dataflow/index.ts'
import { CLUSTER_NAME, OPERATIONS, RESOURCE_KINDS, checkRule } from '../../server/index.ts'
import type { AccessRule, Operation, ResourceKind } from '../../server/index.ts'
import { administerChosen } from '../target/administer.ts'
import type { SecurityListOptions, SecurityTarget } from '../target/administer.ts'
import { confirm } from '../options/confirm.ts'
import { counted, formatTable, note, print, printList } from '../output/output.ts'
import { principalArgument } from '../options/principal.ts'

/** What the parser gives. */
export interface AclOptions extends SecurityTarget {
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly operation?: readonly string[]
  readonly topic?: readonly string[]
  readonly group?: readonly string[]
  readonly dataflow?: readonly string[]
  readonly function?: readonly string[]
  readonly transactionalId?: readonly string[]
  readonly cluster?: boolean
  readonly prefix?: boolean
  readonly host?: readonly string[]
  readonly yes?: boolean
}

/** Of `acl list`. */
export interface AclListOptions extends SecurityListOptions {
  readonly user?: string
}

/** Prints the rules, of one user if asked. */
export async function aclList(options: AclListOptions): Promise<number> {
  const { user } = options
  const { rules = [] } = await administerChosen(options, { kind: 'acl-list' })
  const principal = user === undefined ? null : principalArgument('--user', user)
  const shown = rules.filter(rule => principal === null || rule.principal === principal)
  const none = principal === null ? 'No rules.' : `No rules of ${principal}.`
  await printList(shown, { ...RULE_TABLE, output: options.output, none })
  return 0
}

const RULE_TABLE = {
  columns: ['user', 'permission', 'operation', 'kind', 'name', 'pattern', 'host'],
  row: (rule: AccessRule) => [
    rule.principal,
    rule.permission,
    rule.operation,
    rule.kind,
    rule.name,
    rule.pattern,
    rule.host
  ]
}

/** Adds the rules that the options make. @throws USAGE, SECURITY_RULE */
export async function aclCreate(options: AclOptions): Promise<number> {
  const rules = rulesOf(options)
  for (const rule of rules) {
    checkRule(rule)
    if (rule.host === '*' || isIP(rule.host) !== 0) continue
    throw new MillraceError(
      'USAGE',
      `--host ${rule.host}: it takes the address of a client, as in 10.0.0.7, for names are not looked up`
    )
  }
  await administerChosen(options, { kind: 'acl-create', rules })
  note(`Added ${counted(rules.length, 'rule')}:`)
  print(formatTable({ columns: RULE_TABLE.columns, rows: rules.map(RULE_TABLE.row) }))
  return 0
}

/** Removes exactly the rules that the options make, after asking. @throws USAGE one of them is not there */
export async function aclDelete(options: AclOptions): Promise<number> {
  const rules = rulesOf(options)
  const { rules: known = [] } = await administerChosen(options, { kind: 'acl-list' })
  const missing = rules.find(rule => !known.some(each => isSame(each, rule)))
  if (missing !== undefined) {
    throw new MillraceError(
      'USAGE',
      `there is no rule ${textOf(missing)}; millrace acl list shows which there are; nothing was deleted`
    )
  }
  const question = `Delete ${rules.map(textOf).join('; ')}?`
  if (options.yes !== true && !(await confirm(question))) {
    note('Nothing was deleted.')
    return 1
  }
  await administerChosen(options, { kind: 'acl-delete', rules })
  note(`Deleted ${counted(rules.length, 'rule')}.`)
  return 0
}

const FIELDS = ['permission', 'principal', 'host', 'operation', 'kind', 'pattern', 'name'] as const

const isSame = (one: AccessRule, other: AccessRule): boolean =>
  FIELDS.every(field => one[field] === other[field])

function textOf({
  permission,
  principal,
  operation,
  kind,
  pattern,
  name,
  host
}: AccessRule): string {
  const resource = `${kind} ${name}${pattern === 'prefixed' ? '…' : ''}`
  return `${permission} ${principal} ${operation} ${resource}${host === '*' ? '' : ` from ${host}`}`
}

/** One rule for each combination of users, operations, resources and hosts. @throws USAGE */
function rulesOf(options: AclOptions): readonly AccessRule[] {
  const { allow = [], deny = [], host = ['*'], prefix } = options
  const who = [
    ...allow.map(text => ['allow', principalArgument('--allow', text)] as const),
    ...deny.map(text => ['deny', principalArgument('--deny', text)] as const)
  ]
  const resources = resourcesOf(options)
  const operations = (options.operation ?? []).map(readOperation)
  const absent = [
    who.length === 0 ? '--allow USER or --deny USER' : '',
    operations.length === 0 ? '--operation OPERATION' : '',
    resources.length === 0
      ? '--topic, --group, --dataflow, --function, --transactional-id or --cluster'
      : ''
  ].filter(part => part !== '')
  if (absent.length > 0) {
    throw new MillraceError(
      'USAGE',
      `a rule says who may do what to which resource; missing ${absent.join(' and ')}, as in ` +
        'millrace acl create --allow ana --operation read --topic orders'
    )
  }
  const pattern = prefix === true ? 'prefixed' : 'literal'
  return who.flatMap(([permission, principal]) =>
    operations.flatMap(operation =>
      resources.flatMap(([kind, name]) =>
        host.map(each => ({ permission, principal, host: each, operation, kind, pattern, name }))
      )
    )
  )
}

function resourcesOf(options: AclOptions): readonly (readonly [ResourceKind, string])[] {
  const { topic, group, dataflow, function: functions, transactionalId, cluster } = options
  const named: Readonly<Record<ResourceKind, readonly string[] | undefined>> = {
    topic,
    group,
    dataflow,
    function: functions,
    'transactional-id': transactionalId,
    cluster: cluster === true ? [CLUSTER_NAME] : undefined
  }
  return RESOURCE_KINDS.flatMap(kind => (named[kind] ?? []).map(name => [kind, name] as const))
}

function readOperation(text: string): Operation | 'all' {
  const words = [...OPERATIONS, 'all'] as const
  const found = words.find(word => word === text)
  if (found !== undefined) return found
  const nearest = nearestWord(text, words)
  throw new MillraceError(
    'USAGE',
    `--operation ${text}: there is no such operation; ` +
      (nearest === null ? `there are ${words.join(', ')}` : `did you mean ${nearest}?`)
  )
}
