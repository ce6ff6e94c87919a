// The module file of a test: its ingresses and egresses, on the log of the test.
import { fileURLToPath } from 'node:url'
import { MillraceError } from '../base/index.ts'
import { formatDiagnostic } from '../dataflow/index.ts'
import type { EgressSpec, IngressSpec, RetryPolicy, StatefulFunction } from '../functions/index.ts'

/** What a module file gives a test. */
export interface TestComponents {
  readonly name: string
  readonly ingresses: readonly IngressSpec[]
  readonly egresses: readonly EgressSpec[]
  /** Of functions that throw; absent: none. */
  readonly retries?: RetryPolicy
}

/**
 * Reads a module file. Functions behind URLs are not called: those of the test stand in for them.
 * @throws MODULE_INVALID what is wrong with it, as `millrace check` says it
 */
export async function componentsOf(
  source: string | URL,
  functions: readonly StatefulFunction[]
): Promise<TestComponents> {
  const path = source instanceof URL ? fileURLToPath(source) : source
  const { hasErrors, loadApplication, loadFiles } = await import('../server/index.ts')
  const files = loadFiles([path])
  const modules = files.modules.map(module => ({
    ...module,
    plan: { ...module.plan, endpoints: [] }
  }))
  const clusters = modules.flatMap(({ plan }) =>
    [...plan.ingresses, ...plan.egresses].flatMap(component =>
      component.kind === 'topic' && component.address !== null ? [component.address.text] : []
    )
  )
  const request = { localAddresses: clusters, functionFiles: [], allowPrivate: false, functions }
  const { application, diagnostics } = await loadApplication({ ...files, modules }, request)
  const found = [...files.diagnostics, ...diagnostics]
  if (application !== null && !hasErrors(found)) return application
  const shown = found
    .filter(({ severity }) => severity === 'error')
    .map(each => formatDiagnostic(each, files.texts.get(each.file) ?? '', { color: false }))
  throw new MillraceError(
    'MODULE_INVALID',
    shown.length === 0
      ? `${path} declares no functions; a module file was expected; name one`
      : `the module does not compile:\n${shown.join('\n')}`
  )
}
