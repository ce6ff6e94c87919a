// Looks up names of a file among what it imports: functions in `uses`, states of services, conflicts of types.
import { nearestWord, toCamel, toKebab, toPascal } from '../names.ts'
import type { OperatorKind } from '../plan.ts'
import type { CodeModel, StateMigrateModel, StateModel } from '../read/model.ts'
import type { ReadContext } from '../sections/section.ts'
import type { Span } from '../report.ts'
import { quoted, type ScalarNode } from '../yaml/tree.ts'

/** The imported function that `uses` names; null after a finding. */
export function importedFunction(
  context: ReadContext,
  uses: ScalarNode,
  operator: OperatorKind
): Extract<CodeModel, { readonly kind: 'package' }> | null {
  const { report, imports } = context
  const name = toKebab(uses.text)
  const found = imports?.functions.get(name)
  if (found === undefined) {
    const known = [...(imports?.functions.keys() ?? [])]
    const nearest = nearestWord(name, known)
    const hint =
      nearest !== null
        ? `Did you mean "${nearest}"?`
        : 'Import it from a package, or write ./file.ts#name for a file beside this one, or package#name.'
    report.error('FUNCTION_UNKNOWN', uses, `no function ${quoted(uses.text)} is imported`, hint)
    return null
  }
  if (found === null) return null
  if (found.value.operator !== operator) {
    const message =
      `the function ${quoted(uses.text)} of ${found.package} is for ${found.value.operator}, ` +
      `but used by ${operator}`
    report.error('OPERATOR_PLACE', uses, message)
    return null
  }
  return { kind: 'package', name, function: found.value, span: uses }
}

/** The state of a service that has the types of an imported one; null after a finding. */
export function importedState(
  context: ReadContext,
  uses: ScalarNode,
  state: {
    readonly name: string
    readonly at: Span
    readonly ttlMs: number | null
    readonly windowed: boolean | null
    readonly migrate: StateMigrateModel | null
  }
): StateModel | null {
  const { report, imports } = context
  const found = imports?.states.get(toKebab(uses.text))
  if (found === undefined) {
    const nearest = nearestWord(toKebab(uses.text), imports?.states.keys() ?? [])
    const hint =
      nearest === null ? 'Name it under "states" of an import.' : `Did you mean "${nearest}"?`
    report.error('STATE_UNKNOWN', uses, `no state ${quoted(uses.text)} is imported`, hint)
    return null
  }
  if (found === null) return null
  const { key, value, ttlMs } = found.value
  return {
    kind: 'owned',
    ...state,
    property: toCamel(state.name),
    key,
    value,
    ttlMs: state.ttlMs ?? ttlMs
  }
}

/** Refuses a type of the file that has the name of an imported one. */
export function isFreeOfImports(context: ReadContext, name: string, at: Span): boolean {
  const pascal = toPascal(name)
  for (const [local, imported] of context.imports?.types ?? []) {
    if (toPascal(local) !== pascal || imported === null) continue
    const message = `the type ${quoted(name)} is imported from ${imported.package} too`
    context.report.error('NAME_CONFLICT', at, message, aliasHint(imported.name, imported.package))
    return false
  }
  return true
}

/** How to import something under another name. */
export function aliasHint(name: string, packageName: string): string {
  const alias = toKebab(`${packageName.split('/').at(-1)!}-${name}`)
  return `Import it under another name: { name: ${name}, alias: ${alias} }`
}
