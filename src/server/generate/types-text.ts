// The types of a dataflow or package as a TypeScript module.
import { toPascal } from '../../dataflow/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import { SCALAR_ALIASES, TypeText } from '../../runtime/code/index.ts'

/** The module with the types of `plan`, each exported in PascalCase. `file` is named in its first line. */
export function typesText(plan: Plan, file: string): string {
  const body = new TypeText(plan.types)
    .declarations()
    .replaceAll(/^(interface|type) /gm, 'export $1 ')
    .replaceAll(/^(?!export |\})(?=.)/gm, '  ')
  const head = `// The types of ${file}, made by millrace generate types: write it anew when they change.`
  const imports = body.includes('KeyValue<')
    ? ["import type { KeyValue } from 'millrace/dataflow'"]
    : []
  return `${[head, ...imports, ...aliasesIn(body), body].filter(part => part !== '').join('\n')}\n`
}

/** Declarations of the scalars that a text writes by the names of the file. */
export function aliasesIn(text: string): string[] {
  return SCALAR_ALIASES.filter(line => {
    const name = /^type (\w+)/.exec(line)![1]!
    return new RegExp(`(?<![\\w"$.])${name}(?![\\w"$?]|\\??:)`).test(text)
  })
}

/** Names of the plan's types that a text writes, in PascalCase. */
export function typeNamesIn(text: string, plan: Plan): string[] {
  return Object.keys(plan.types)
    .map(toPascal)
    .filter(name => new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(text))
    .toSorted()
}
