// The name of a package in an import: namespace/name@version, or a range of versions.
import type { ReadContext } from '../sections/section.ts'
import { quoted, type ScalarNode } from '../yaml/tree.ts'
import { isInRange } from './version-range.ts'

/** What `pkg` says. */
export interface PackageName {
  /** `namespace/name`. */
  readonly package: string
  readonly range: string
}

const WORD = String.raw`[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*`
const NAME = new RegExp(`^(${WORD}/${WORD})@(.+)$`)

/** Reads `pkg`; null after a finding. */
export function readPackageName(context: ReadContext, node: ScalarNode): PackageName | null {
  const match = NAME.exec(node.text.trim())
  const range = match?.[2]?.trim() ?? ''
  if (match !== null && isInRange('0.0.0', range) !== null) return { package: match[1]!, range }
  const message = `"pkg" must be namespace/name@version, but is ${quoted(node.text)}`
  const hint = 'For example acme/words@0.1.0, or acme/words@^0.1.0 for all versions that fit it.'
  context.report.error('PACKAGE_NAME', node, message, hint)
  return null
}
