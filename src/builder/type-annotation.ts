// Types of the builder as TypeScript, as a function's signature in a file has them.
import {
  enumText,
  listText,
  objectText,
  toPascal,
  type TypeScriptMember
} from '../dataflow/index.ts'
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
      ? listText(text)
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
      return listText(annotationOf(shape.items))
    case 'option':
      return `${annotationOf(shape.value)} | null`
    case 'map':
      // Record, which signatures are read for.
      return `${isScalar(shape.key, 'string') ? 'Record' : 'Map'}<${pair(shape)}>`
    case 'key-value':
      return `KeyValue<${pair(shape)}>`
    case 'object':
    case 'arrow-row':
      return objectText(shape.fields.map(memberOf))
    case 'enum':
      return enumText(
        shape.variants.map(({ name, type }) => {
          return { name, type: isScalar(type, 'null') ? null : annotationOf(type) }
        }),
        shape.isUntagged
      )
  }
}

function isScalar({ shape }: TypeNode, word: string): boolean {
  return shape.kind === 'scalar' && shape.word === word
}

function pair({ key, value }: { readonly key: TypeNode; readonly value: TypeNode }): string {
  return `${annotationOf(key)}, ${annotationOf(value)}`
}

function memberOf({ name, type, isOptional }: FieldShape): TypeScriptMember {
  return { name, optional: isOptional, type: annotationOf(type) }
}
