// A package made of what a dataflow has: its types, the states of its services and their functions, as files.
import { toCamel, toKebab } from '../../dataflow/index.ts'
import type { Plan, ServicePlan, StatePlan, StepPlan } from '../../dataflow/plan.ts'
import type { Field, Type } from '../../dataflow/types.ts'
import { TypeText } from '../../runtime/code/index.ts'
import { allSteps } from '../../runtime/index.ts'
import { aliasesIn, typeNamesIn, typesText } from './types-text.ts'

/** Who the package is. */
export interface SkeletonName {
  readonly name: string
  readonly namespace: string
}

/** The files of the package by name: package.yaml, types.ts, functions.ts and package.json. */
export function packageSkeleton(
  plan: Plan,
  { name, namespace }: SkeletonName
): ReadonlyMap<string, string> {
  const steps = plan.services.flatMap(service =>
    allSteps({ ...plan, services: [service] }).map(step => ({ service, step }))
  )
  const inline = steps.filter(
    ({ step }) => step.code.kind === 'inline' && step.code.types === undefined
  )
  const functions = [...new Map(inline.map(one => [one.step.name, one])).values()]
  const meta = { name, namespace, version: '0.1.0' }
  const document = {
    apiVersion: '1.0.0',
    meta,
    types: Object.fromEntries(
      Object.entries(plan.types).map(([key, type]) => [key, typeNode(type, key)])
    ),
    states: Object.fromEntries(plan.services.flatMap(statesOf)),
    functions: Object.fromEntries(
      functions.map(({ service, step }) => functionNode(plan, service, step))
    )
  }
  const file = plan.file.split('/').at(-1)!
  const manifest = { name: `@${namespace}/${name}`, version: meta.version, type: 'module' }
  return new Map([
    ['package.yaml', yamlText(`The parts of ${file} as a package.`, document)],
    ['types.ts', typesText(plan, 'package.yaml')],
    ['functions.ts', functionsText(plan, functions)],
    ['package.json', `${JSON.stringify(manifest, null, 2)}\n`]
  ])
}

function statesOf(service: ServicePlan): [string, unknown][] {
  return service.states.flatMap(state => {
    if (state.kind !== 'owned') return []
    const properties = { key: typeNode(state.key), value: typeNode(state.value) }
    const ttl = state.ttlMs === null ? {} : { ttl: `${state.ttlMs}ms` }
    return [[state.name, { type: 'keyed-state', properties, ...ttl }]]
  })
}

function functionNode(plan: Plan, service: ServicePlan, step: StepPlan): [string, unknown] {
  const needed = statesUsed(plan, service, step)
  const { code } = step
  return [
    step.name,
    {
      operator: step.operator,
      ...(needed.length === 0 ? {} : { states: needed.map(({ state }) => state.name) }),
      uses: `./functions.ts#${code.kind === 'inline' ? code.functionName : toCamel(step.name)}`
    }
  ]
}

interface UsedState {
  /** Under `ctx.state` in this service. */
  readonly property: string
  readonly isRead: boolean
  readonly state: Extract<StatePlan, { readonly kind: 'owned' }>
}

/** States that a function names, those of other services too. */
function statesUsed(plan: Plan, service: ServicePlan, { code }: StepPlan): UsedState[] {
  const source = code.kind === 'inline' ? code.source : ''
  return service.states.flatMap((state): UsedState[] => {
    if (!new RegExp(`\\bstate\\.${state.property}\\b`).test(source)) return []
    const { property } = state
    if (state.kind === 'owned') return [{ property, isRead: false, state }]
    const owner = plan.services.find(({ name }) => name === state.service)
    const found = owner?.states.find(({ name }) => name === state.state)
    return found?.kind === 'owned' ? [{ property, isRead: true, state: found }] : []
  })
}

interface Placed {
  readonly service: ServicePlan
  readonly step: StepPlan
}

function functionsText(plan: Plan, functions: readonly Placed[]): string {
  const body = functions.map(one => exported(plan, one)).join('\n\n')
  const names = ['Context', 'KeyedState', 'KeyedStateReader', 'KeyValue'].filter(name =>
    new RegExp(`\\b${name}<`).test(body)
  )
  const values = /\bkeyed\(/.test(body) ? ['keyed'] : []
  const imported = [...values, ...names.map(name => `type ${name}`)]
  const own = typeNamesIn(body, plan)
  return `${[
    `// Functions of the package.`,
    ...(imported.length === 0
      ? []
      : [`import { ${imported.join(', ')} } from 'millrace/dataflow'`]),
    ...(own.length === 0 ? [] : [`import type { ${own.join(', ')} } from './types.ts'`]),
    ...aliasesIn(body),
    '',
    body
  ].join('\n')}\n`
}

/** An inline function as a module has it: exported, with the states that it uses in its context. */
function exported(plan: Plan, { service, step }: Placed): string {
  const types = new TypeText(plan.types)
  const source = step.code.kind === 'inline' ? step.code.source.trim() : ''
  const states = statesUsed(plan, service, step).map(({ property, isRead, state }) => {
    const reader = isRead ? 'KeyedStateReader' : 'KeyedState'
    return `${property}: ${reader}<${types.of(state.key)}, ${types.of(state.value)}>`
  })
  const context = `Context<${states.length === 0 ? 'unknown' : `{ ${states.join('; ')} }`}>`
  return `export ${source.replace(/:\s*Context\b(?!<)/, `: ${context}`)}`
}

/** A type as the file writes it; named ones by their names, but for the one that is declared as `own`. */
function typeNode(type: Type, own: string | null = null): unknown {
  if ('name' in type && type.name !== null && type.name !== own) return { type: type.name }
  switch (type.kind) {
    case 'object':
    case 'arrow-row':
      return { type: type.kind, properties: Object.fromEntries(type.fields.map(fieldNode)) }
    case 'enum': {
      const variants = type.variants.map(variant => [
        variant.name,
        {
          ...(variant.type === null ? { type: 'null' } : (typeNode(variant.type) as object)),
          ...wireParts(variant)
        }
      ])
      const tagging = type.tagging === 'untagged' ? { tagging: 'untagged' } : {}
      return { type: 'enum', oneOf: Object.fromEntries(variants) as object, ...tagging }
    }
    case 'list':
      return { type: 'list', items: typeNode(type.items) }
    case 'option':
      return { type: 'option', value: typeNode(type.value) }
    case 'map':
      return { type: 'map', key: typeNode(type.key), value: typeNode(type.value) }
    case 'key-value':
      return {
        type: 'key-value',
        properties: { key: typeNode(type.key), value: typeNode(type.value) }
      }
    default:
      return { type: type.kind, ...('bigint' in type && type.bigint ? { bigint: true } : {}) }
  }
}

function fieldNode(field: Field): [string, unknown] {
  const optional = field.optional ? { optional: true } : {}
  return [field.name, { ...(typeNode(field.type) as object), ...optional, ...wireParts(field) }]
}

/** Names in JSON and the number in Protobuf, where they are said. */
function wireParts({
  name,
  readName,
  writeName,
  number
}: Pick<Field, 'name' | 'readName' | 'writeName' | 'number'>): object {
  return {
    ...(number === undefined ? {} : { number }),
    ...(readName === name ? {} : { deserialize: { rename: readName } }),
    ...(writeName === name ? {} : { serialize: { rename: writeName } })
  }
}

/** YAML in blocks; what is small stands on one line. */
function yamlText(title: string, document: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(document).filter(
    ([, part]) => typeof part !== 'object' || Object.keys(part as object).length > 0
  )
  return `# ${title}\n${parts.map(([key, part]) => lines(key, part, 0)).join('\n')}\n`
}

const LINE_MAX = 90

function lines(key: string, value: unknown, depth: number): string {
  const indent = '  '.repeat(depth)
  const flat = `${indent}${yamlKey(key)}: ${flow(value)}`
  const isSection = depth === 0 && key !== 'meta' && typeof value === 'object'
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMapping || (flat.length <= LINE_MAX && !isSection)) return flat
  const inner = Object.entries(value).map(([name, part]) => lines(name, part, depth + 1))
  return `${indent}${yamlKey(key)}:\n${inner.join('\n')}`
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value !== 'object' || value === null) return scalar(value)
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${yamlKey(key)}: ${flow(part)}`)
    .join(', ')} }`
}

function scalar(value: unknown): string {
  const text = String(value)
  const isPlain =
    /^[A-Za-z.][\w./#-]*$/.test(text) && !/^(null|true|false|yes|no|on|off)$/i.test(text)
  return typeof value !== 'string' || isPlain || /^\d+\.\d+\.\d+$/.test(text)
    ? text
    : JSON.stringify(text)
}

function yamlKey(key: string): string {
  return toKebab(key) === key || /^[A-Za-z][\w-]*$/.test(key) ? key : JSON.stringify(key)
}
