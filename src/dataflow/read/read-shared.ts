// Reads what the layouts share: meta, config, types, topics, and the names of services.
import { META } from '../sections/file-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { quoted, type Entry } from '../yaml/tree.ts'
import type { ServiceModel, TopicModel } from './model.ts'
import { checkMetaName, checkMetaVersion } from './read-names.ts'
import { readConfig, readTopic, type TopicDefaults } from './read-topics.ts'
import { TypeTable } from './read-types.ts'

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
