// Finds HTTP components of an application that would take each other's requests.
import { quoted, type Diagnostic } from '../../dataflow/index.ts'
import type {
  HttpIngressPlan,
  HttpPath,
  ModulePlan,
  PlaygroundEgressPlan,
  PlaygroundIngressPlan
} from './plan.ts'

type HttpComponent = HttpIngressPlan | PlaygroundIngressPlan | PlaygroundEgressPlan

/**
 * Components that listen on one port: HTTP ingresses may share it when no request fits two of their paths; the
 * playground's components have a port for themselves.
 */
export function httpConflicts({
  ingresses,
  egresses
}: Pick<ModulePlan, 'ingresses' | 'egresses'>): Diagnostic[] {
  const components = [...ingresses, ...egresses].filter(
    (component): component is HttpComponent =>
      component.kind === 'playground' || (component.kind === 'http' && 'path' in component)
  )
  const diagnostics: Diagnostic[] = []
  for (const [index, component] of components.entries()) {
    const other = components.slice(0, index).find(before => inConflict(before, component))
    if (other !== undefined) diagnostics.push(conflict(other, component))
  }
  return diagnostics
}

function inConflict(one: HttpComponent, other: HttpComponent): boolean {
  if (one.port !== other.port) return false
  if (one.kind === 'http' && other.kind === 'http') return overlap(one.path, other.path)
  // Each playground component with port 0 gets a free one of its own.
  return one.port !== 0
}

/** Whether a path fits both templates. */
function overlap({ segments }: HttpPath, other: HttpPath): boolean {
  if (segments.length !== other.segments.length) return false
  return segments.every((segment, at) => {
    const fellow = other.segments[at]!
    return segment === null || fellow === null || segment === fellow
  })
}

function conflict(before: HttpComponent, component: HttpComponent): Diagnostic {
  const place = `${before.at.file}:${before.at.line}`
  const byPath = before.kind === 'http' && component.kind === 'http'
  return {
    severity: 'error',
    code: byPath ? 'HTTP_PATH_DUPLICATE' : 'HTTP_PORT_DUPLICATE',
    message: byPath
      ? `a request may fit both ${quoted(component.path.text)} and ${quoted(before.path.text)} of ${place}`
      : `port ${component.port} is taken by ${before.id} in ${place}`,
    hint: byPath ? 'Give them paths that differ in a word.' : 'Choose another port.',
    ...component.at,
    length: 1
  }
}
