// Reads a whole file into the model that all layouts share, by the layout of its apiVersion.
import type { ApiVersion } from '../plan.ts'
import { nearestWord } from '../names.ts'
import { withDevOverrides } from '../packages/dev.ts'
import type { PackageLoader } from '../packages/loader.ts'
import type { Report } from '../report.ts'
import { API_VERSIONS } from '../sections/declare.ts'
import { FILE } from '../sections/file-sections.ts'
import { readSection, startOf, type ReadContext } from '../sections/section.ts'
import { kindOf, valueAt, type TreeNode } from '../yaml/tree.ts'
import type { FileModel } from './model.ts'
import { readFileMigrate } from './read-migrate.ts'
import { readOldService } from './read-old-services.ts'
import { isSeedLayout, readSeedFile } from './read-seed.ts'
import { readSchedules } from './read-schedules.ts'
import { ERRORS_DEFAULT, readErrors, readService } from './read-services.ts'
import { readServices, readShared, readMeta } from './read-shared.ts'

/** Reads the tree of a file; null when not even its version can be told. */
export function readFileModel(
  tree: TreeNode,
  report: Report,
  packages: PackageLoader
): FileModel | null {
  if (tree.kind !== 'map') {
    report.error(
      'WRONG_KIND',
      startOf(tree),
      `a dataflow file is a mapping, but this is ${kindOf(tree)}`,
      'Begin with "apiVersion: 1.0.0".'
    )
    return null
  }
  const apiVersion = readApiVersion(tree, report)
  if (apiVersion === null) return null
  const context = { report, apiVersion }
  if (apiVersion === '0.1.0' && isSeedLayout(tree)) return readSeedFile(context, tree)
  return readServicesFile(context, packages.isDev ? withDevOverrides(tree) : tree, packages)
}

function readApiVersion(tree: TreeNode, report: Report): ApiVersion | null {
  const node = valueAt(tree, 'apiVersion')
  if (node === null) {
    report.error(
      'MISSING_KEY',
      startOf(tree),
      'the file needs the key "apiVersion"',
      'For example apiVersion: 1.0.0'
    )
    return null
  }
  const version =
    node.kind === 'scalar' ? API_VERSIONS.find(known => known === node.text) : undefined
  if (version !== undefined) return version
  const nearest =
    node.kind === 'scalar'
      ? (nearestWord(node.text, API_VERSIONS.toReversed()) ?? '1.0.0')
      : '1.0.0'
  const message = `apiVersion must be one of ${API_VERSIONS.join(', ')}, but is ${kindOf(node)}`
  report.error(
    'API_VERSION',
    node.end > node.start ? node : startOf(tree),
    message,
    `Did you mean "${nearest}"?`
  )
  return null
}

/** The layouts with a section `services`. */
function readServicesFile(
  base: ReadContext,
  tree: TreeNode,
  packages: PackageLoader
): FileModel | null {
  const file = readSection(base, tree, FILE)
  if (file === null) return null
  const context = { ...base, imports: packages.importsOf(base, file) }
  const { types, topics } = readShared(context, file)
  const errors = readErrors(context, file, ERRORS_DEFAULT)
  const isOld = API_VERSIONS.indexOf(context.apiVersion) < API_VERSIONS.indexOf('0.4.0')
  const services = readServices(context, file, entry =>
    isOld ? readOldService(context, entry, types) : readService(context, entry, types, errors)
  )
  const meta = readMeta(context, file)
  const schedules = readSchedules(context, file, meta)
  const migrate = readFileMigrate(context, file)
  return { apiVersion: context.apiVersion, ...meta, types, topics, schedules, services, migrate }
}
