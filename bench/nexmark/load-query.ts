// The queries: their dataflow files, and the functions that these name.
import { join } from 'node:path'

import type { StepPlan } from '../../src/dataflow/plan.ts'
import { type LoadedDataflow, loadFiles } from '../../src/server/index.ts'

/** The dataflow of a file of bench/nexmark/queries. */
export function loadQuery(name: string): LoadedDataflow {
  const { dataflows, diagnostics } = loadFiles([join(import.meta.dirname, `queries/${name}.yaml`)])
  const [error] = diagnostics.filter(({ severity }) => severity === 'error')
  if (error !== undefined) throw new Error(`${name}: ${error.message}`)
  return dataflows[0]!
}

/** The functions of a dataflow's steps, by import. */
export async function loadFunctions(
  loaded: LoadedDataflow
): Promise<(step: StepPlan) => (...args: never[]) => unknown> {
  type Module = Record<string, (...args: never[]) => unknown>
  const modules = new Map<string, Module>()
  for (const name of ['stateless', 'joins', 'windows']) {
    const specifier = `./${name}.ts`
    modules.set(specifier, (await import(join(loaded.folder, specifier))) as Module)
  }
  return ({ code }) => {
    if (code.kind !== 'module')
      throw new Error('a query of this bench has its functions in modules')
    return modules.get(code.specifier)![code.exportName]!
  }
}
