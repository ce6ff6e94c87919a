// Reads a whole file into the model that all layouts share, by the layout of its apiVersion.
import type { ApiVersion } from '../plan.ts'
import { nearestWord } from '../names.ts'
import type { Report } from '../report.ts'
import { API_VERSIONS, type SectionSpec } from '../sections/declare.ts'
import { FILE, META } from '../sections/file-sections.ts'
import { readSection, startOf, type ReadContext, type Section } from '../sections/section.ts'
import { kindOf, quoted, valueAt, type Entry, type TreeNode } from '../yaml/tree.ts'
import type { FileModel, ServiceModel, TopicModel } from './model.ts'
import { checkMetaName, checkMetaVersion } from './read-names.ts'
import { ERRORS_DEFAULT, readErrors, readService } from './read-services.ts'
import { readConfig, readTopic, type TopicDefaults } from './read-topics.ts'
import { TypeTable } from './read-types.ts'

/** Reads the tree of a file; null when not even its version can be told. */
export function readFileModel(tree: TreeNode, report: Report): FileModel | null {
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
  return readServicesFile({ report, apiVersion }, tree, FILE)
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
  context: ReadContext,
  tree: TreeNode,
  spec: SectionSpec
): FileModel | null {
  const file = readSection(context, tree, spec)
  if (file === null) return null
  const { types, topics, defaults } = readShared(context, file)
  void defaults
  const errors = readErrors(context, file, ERRORS_DEFAULT)
  const services = readServices(context, file, entry => readService(context, entry, types, errors))
  return { apiVersion: context.apiVersion, ...readMeta(context, file), types, topics, services }
}

/** Sections that all layouts have in the same form. */
export function readShared(
  context: ReadContext,
  file: Section
): { types: TypeTable; topics: Map<string, TopicModel>; defaults: TopicDefaults } {
  const types = new TypeTable(context, file.entries('types'))
  const defaults = readConfig(context, file.value('config'), file.keySpan('config'))
  const topics = new Map(
    file.entries('topics').map(entry => [entry.key, readTopic(context, entry, types, defaults)])
  )
  return { types, topics, defaults }
}

/** Reads every service and refuses names that are used twice. */
export function readServices(
  context: ReadContext,
  file: Section,
  read: (entry: Entry) => ServiceModel | null
): ServiceModel[] {
  const services = new Map<string, ServiceModel>()
  const entries = file.entries('services')
  if (file.value('services') !== null && entries.length === 0) {
    context.report.error(
      'MISSING_KEY',
      file.keySpan('services'),
      'the file needs at least one service'
    )
  }
  for (const entry of entries) {
    const service = read(entry)
    if (service === null) continue
    if (services.has(service.name)) {
      context.report.error(
        'NAME_DUPLICATE',
        entry.keySpan,
        `there is already a service ${quoted(service.name)}`,
        'Names are compared in kebab-case.'
      )
    } else services.set(service.name, service)
  }
  return [...services.values()]
}

/** Reads the section `meta`; after a finding the names are empty. */
export function readMeta(
  context: ReadContext,
  file: Section
): { name: string; namespace: string; version: string } {
  const node = file.value('meta')
  const meta = node === null ? null : readSection(context, node, META, file.keySpan('meta'))
  for (const key of ['name', 'namespace'] as const) {
    const scalar = meta?.scalar(key)
    if (scalar) checkMetaName(context, scalar, key)
  }
  const version = meta?.scalar('version')
  if (version) checkMetaVersion(context, version)
  return {
    name: meta?.text('name') ?? '',
    namespace: meta?.text('namespace') ?? 'default',
    version: version?.text ?? '0.1.0'
  }
}
