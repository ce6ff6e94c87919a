// Types of the builder as parts of a dataflow file.
import { toKebab } from '../dataflow/index.ts'
import type { StreamNode } from './chain.ts'
import { functionOf } from './fields.ts'
import type { StepNode } from './step.ts'
import type { FieldShape, TypeNode } from './types.ts'
import { Entries, Placed, type Tree } from './yaml-text.ts'

type Keys = Record<string, Tree>

/** A type where the file wants one: a word, or a mapping. */
export function typeTree(type: TypeNode): Tree {
  const tree = wordTree(type)
  const { type: word, ...rest } = tree
  return Object.keys(rest).length === 0 ? word! : tree
}

/** A type as a mapping with the key `type`. */
export function wordTree(type: TypeNode): Keys {
  return type.name === null ? shapeTree(type) : { type: typeName(type.name) }
}

function typeName(name: string): string {
  return /^[A-Za-z][A-Za-z0-9]*$/.test(name) ? toKebab(name) : name
}

/** The definition of a type, without its name. */
function shapeTree({ shape }: TypeNode): Keys {
  switch (shape.kind) {
    case 'scalar':
      return shape.bigint ? { type: shape.word, bigint: true } : { type: shape.word }
    case 'alias':
      return wordTree(shape.of)
    case 'import':
      return { import: shape.file, ...(shape.message === null ? {} : { message: shape.message }) }
    case 'list':
      return { type: 'list', items: typeTree(shape.items) }
    case 'option':
      return { type: 'option', value: typeTree(shape.value) }
    case 'map':
      return { type: 'map', key: typeTree(shape.key), value: typeTree(shape.value) }
    case 'key-value':
      return {
        type: 'key-value',
        properties: { key: typeTree(shape.key), value: typeTree(shape.value) }
      }
    case 'object':
      return { type: 'object', properties: fieldsTree(shape.fields) }
    case 'arrow-row': {
      const properties = fieldsTree(shape.fields)
      return { type: 'arrow-row', properties, ...(shape.ttl === null ? {} : { ttl: shape.ttl }) }
    }
    case 'enum':
      return {
        type: 'enum',
        ...(shape.isUntagged ? { tagging: 'untagged' } : {}),
        oneOf: fieldsTree(shape.variants)
      }
  }
}

function fieldsTree(fields: readonly FieldShape[]): Tree {
  return Object.fromEntries(
    fields.map(({ name, type, isOptional, read, write, number }) => {
      const isPlain = !isOptional && read === null && write === null && number === null
      if (isPlain) return [name, typeTree(type)]
      return [
        name,
        {
          ...wordTree(type),
          ...(isOptional ? { optional: true } : {}),
          ...(number === null ? {} : { number }),
          ...(write === null ? {} : { serialize: { rename: write } }),
          ...(read === null ? {} : { deserialize: { rename: read } })
        }
      ]
    })
  )
}

/** The named types of a dataflow, those before which others name them first. */
export class TypeSet {
  readonly #named = new Set<TypeNode>()
  readonly #seen = new Set<TypeNode>()

  add(type: TypeNode): void {
    if (this.#seen.has(type)) return
    this.#seen.add(type)
    if (type.name !== null) this.#named.add(type)
    for (const part of partsOf(type)) this.add(part)
  }

  /** The section `types`; undefined without any. */
  tree(): Tree | undefined {
    if (this.#named.size === 0) return undefined
    // One definition may have been made twice; two definitions of one name are for the compiler to find.
    const seen = new Set<string>()
    const entries = [...this.#named].flatMap((type): (readonly [string, Tree])[] => {
      const tree = shapeTree(type)
      const identity = JSON.stringify([typeName(type.name!), tree])
      if (seen.has(identity)) return []
      seen.add(identity)
      return [[typeName(type.name!), new Placed(tree, type.at)]]
    })
    return new Entries(entries)
  }
}

function partsOf({ shape }: TypeNode): readonly TypeNode[] {
  switch (shape.kind) {
    case 'scalar':
    case 'import':
      return []
    case 'alias':
      return [shape.of]
    case 'list':
      return [shape.items]
    case 'option':
      return [shape.value]
    case 'map':
    case 'key-value':
      return [shape.key, shape.value]
    case 'object':
    case 'arrow-row':
      return shape.fields.map(field => field.type)
    case 'enum':
      return shape.variants.map(variant => variant.type)
  }
}

/** All types that a service names beside those of its topics. */
export function typesOf(stream: StreamNode): TypeNode[] {
  const states = Object.values(stream.states).flatMap(node =>
    node.kind === 'owned'
      ? [node.key, node.value, node.migrate?.change?.stored].filter(
          type => type !== null && type !== undefined
        )
      : []
  )
  return [
    ...states,
    ...stepsOf(stream).flatMap(step => (step.output === null ? [] : [step.output]))
  ]
}

/** All steps of a service. */
function stepsOf(stream: StreamNode): StepNode[] {
  const { window, time } = stream
  const all = [
    ...stream.sources.flatMap(source => source.steps),
    ...stream.steps,
    functionOf(time?.assignTimestamp),
    functionOf(window?.time.assignTimestamp),
    ...(window?.steps ?? []),
    functionOf(stream.assignKey),
    ...stream.keyedSteps,
    stream.updateState,
    window?.merge,
    window?.flushKey,
    window?.flush,
    ...stream.sinks.flatMap(sink => [
      ...sink.steps,
      sink.kind === 'function' ? functionOf(sink.assignId) : null
    ])
  ]
  return all.filter(step => step !== null && step !== undefined && 'fn' in step)
}
