// Types of the builder as TypeScript, as a function's signature in a file has them.
import { toPascal } from '../dataflow/index.ts'
import type { OperatorKind } from '../dataflow/plan.ts'
import type { FieldShape, TypeNode } from './types.ts'

/** What a function of an operator returns where values of `type` leave. */
export function returnAnnotation(
  type: TypeNode,
  { operator, isAsync }: { readonly operator: OperatorKind; readonly isAsync: boolean }
): string {
  const text = annotationOf(type)
  const inner =
    operator === 'flat-map'
      ? `${inParentheses(text)}[]`
      : operator === 'filter-map' || operator === 'update-state' || operator === 'flush'
        ? `${text} | undefined`
        : text
  return isAsync ? `Promise<${inner}>` : inner
}

/** The type as TypeScript; names are those of the file's types, in PascalCase. */
export function annotationOf({ name, shape }: TypeNode): string {
  if (name !== null) return toPascal(name)
  switch (shape.kind) {
    case 'scalar':
      return shape.bigint ? 'bigint' : shape.word
    case 'alias':
      return annotationOf(shape.of)
    case 'import':
      // Such a type always has a name.
      return 'unknown'
    case 'list':
      return `${inParentheses(annotationOf(shape.items))}[]`
    case 'option':
      return `${annotationOf(shape.value)} | null`
    case 'map':
      return `${isString(shape.key) ? 'Record' : 'Map'}<${pair(shape)}>`
    case 'key-value':
      return `KeyValue<${pair(shape)}>`
    case 'object':
    case 'arrow-row':
      return `{ ${shape.fields.map(fieldText).join('; ')} }`
    case 'enum':
      return shape.variants
        .map(variant => {
          const isEmpty = variant.type.shape.kind === 'scalar' && variant.type.shape.word === 'null'
          if (shape.isUntagged) return annotationOf(variant.type)
          return isEmpty ? JSON.stringify(variant.name) : `{ ${fieldText(variant)} }`
        })
        .join(' | ')
  }
}

function isString({ shape }: TypeNode): boolean {
  return shape.kind === 'scalar' && shape.word === 'string'
}

function pair({ key, value }: { readonly key: TypeNode; readonly value: TypeNode }): string {
  return `${annotationOf(key)}, ${annotationOf(value)}`
}

function fieldText({ name, type, isOptional }: FieldShape): string {
  const property = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
  return `${property}${isOptional ? '?' : ''}: ${annotationOf(type)}${isOptional ? ' | null' : ''}`
}

function inParentheses(text: string): string {
  return /^[\w.]+(?:<.*>|\[\])*$/.test(text) ? text : `(${text})`
}
