// `millrace build`: checks a dataflow or a package and writes a folder that runs, or can be published, elsewhere.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

import { MillraceError, sendConsoleToStderr, packageVersion } from '../../base/index.ts'
import { planOfPackage } from '../../dataflow/index.ts'
import type { Diagnostic } from '../../dataflow/index.ts'
import { build as filesOf, checkTypes, hasErrors, loadFiles } from '../../server/index.ts'
import type { BuildRequest } from '../../server/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { counted, note, print } from '../output/output.ts'

export interface BuildOptions {
  readonly out?: string
  readonly types: boolean
  readonly dev?: boolean
}

/** In every result: what a build may write over. */
const MARKER = '.millrace-build'

/** Builds what `path` names; 0 when it is written, 2 when the file has errors. */
export async function build(path: string, options: BuildOptions): Promise<number> {
  sendConsoleToStderr()
  const dev = options.dev === true
  const loaded = loadFiles([path], { dev })
  const found: Diagnostic[] = [...loaded.diagnostics]
  const [dataflow] = loaded.dataflows
  const [packaged] = loaded.packages
  if (options.types && !hasErrors(found)) {
    if (dataflow !== undefined) found.push(...(await checkTypes(dataflow.plan, dataflow.folder)))
    if (packaged !== undefined)
      found.push(...(await checkTypes(planOfPackage(packaged.package), packaged.folder)))
  }
  printDiagnostics(found, loaded.texts)
  if (hasErrors(found)) return 2
  const request = { ...requestOf(path, loaded), dev }
  const folder = resolve(options.out ?? join(dirname(request.path), 'build'))
  const files = filesOf(request)
  prepare(folder)
  for (const { path: name, text } of files) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  writeFileSync(join(folder, MARKER), `${files.map(file => file.path).join('\n')}\n`)
  const { namespace, name, version, kind } = request
  note(`${kind} ${namespace}/${name}@${version}: ${counted(files.length, 'file')}`)
  print(relative('', folder) || '.')
  return 0
}

function requestOf(path: string, loaded: ReturnType<typeof loadFiles>): Omit<BuildRequest, 'dev'> {
  const { dataflows, packages, modules } = loaded
  const all = dataflows.length + packages.length + modules.length
  const [dataflow] = dataflows
  const [packaged] = packages
  if (all !== 1 || (dataflow === undefined && packaged === undefined)) {
    throw new MillraceError(
      'USAGE',
      `${path} holds ${all} files; a build is of one dataflow or package: name its file`
    )
  }
  const millraceVersion = packageVersion()
  if (packaged !== undefined) {
    const { name, namespace, version } = packaged.package
    return { path: packaged.path, kind: 'package', name, namespace, version, millraceVersion }
  }
  const { plan, functions } = dataflow!
  if (functions !== null) {
    throw new MillraceError(
      'USAGE',
      `${path} is a dataflow in TypeScript, which is built as any module is; to build it here convert it to YAML first`
    )
  }
  const { name, namespace, version } = plan
  return { path: dataflow!.path, kind: 'dataflow', name, namespace, version, millraceVersion }
}

/** Empties the folder of an earlier build; anything else must not be there. @throws USAGE it holds other files */
function prepare(folder: string): void {
  const entries = existsSync(folder) ? readdirSync(folder) : []
  if (entries.length > 0 && !entries.includes(MARKER)) {
    throw new MillraceError(
      'USAGE',
      `${folder} is not empty and was not written by a build (it has ${entries.slice(0, 3).join(', ')}); ` +
        'name another folder with --out'
    )
  }
  const before = entries.includes(MARKER) ? readFileSync(join(folder, MARKER), 'utf8') : ''
  for (const file of before.split('\n')) {
    const inside = file !== '' && !relative(folder, join(folder, file)).startsWith('..')
    if (inside) rmSync(join(folder, file), { force: true })
  }
  mkdirSync(folder, { recursive: true })
}
