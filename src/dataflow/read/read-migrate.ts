// Reads the keys `migrate` of states, services, topics and the file.
import { toKebab } from '../names.ts'
import type { TopicMigration } from '../plan.ts'
import type { Span } from '../report.ts'
import {
  FILE_MIGRATE,
  SERVICE_MIGRATE,
  STATE_MIGRATE,
  TOPIC_MIGRATE
} from '../sections/migrate-sections.ts'
import type { SectionSpec } from '../sections/declare.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { kindOf, quoted, type TreeNode } from '../yaml/tree.ts'
import type { FileMigrateModel, ServiceMigrateModel, StateMigrateModel } from './model.ts'
import { stepOf } from './read-steps.ts'
import type { TypeTable } from './read-types.ts'

const NAME = /^[A-Za-z][\w-]*$/
const NAME_OF_STATE = /^(?:([A-Za-z][\w-]*)\.)?([A-Za-z][\w-]*)$/

/** Reads `migrate` of a state; null when it has none, or after a finding. */
export function readStateMigrate(
  context: ReadContext,
  types: TypeTable,
  state: Section
): StateMigrateModel | null {
  const section = sectionOf(context, state, STATE_MIGRATE)
  if (section === null) return null
  const at = state.keySpan('migrate')
  const hasCode = section.value('run') !== null || section.value('uses') !== null
  const from = section.scalar('rename-from')
  const match = from === null ? null : NAME_OF_STATE.exec(from.text)
  if (from !== null && match === null) {
    const message = `"rename-from" must be state or service.state, but is ${quoted(from.text)}`
    context.report.error('WRONG_VALUE', from, message)
  }
  refuseTogether(context, section, hasCode)
  return {
    renameFrom:
      match === null
        ? null
        : {
            service: match[1] === undefined ? null : toKebab(match[1]),
            state: toKebab(match[2]!),
            span: from!
          },
    drop: section.boolean('drop'),
    defaults: section.entries('defaults'),
    step: hasCode ? stepOf(context, types, section, 'migrate', at) : null,
    at
  }
}

/** Reads `migrate` of a service; null when it has none, or after a finding. */
export function readServiceMigrate(
  context: ReadContext,
  service: Section
): ServiceMigrateModel | null {
  const section = sectionOf(context, service, SERVICE_MIGRATE)
  if (section === null) return null
  const from = section.scalar('rename-from')
  if (from !== null && !NAME.test(from.text)) {
    const message = `"rename-from" must be the name of a service, but is ${quoted(from.text)}`
    context.report.error('WRONG_VALUE', from, message)
    return null
  }
  return {
    renameFrom: from === null ? null : { name: toKebab(from.text), span: from },
    drop: section.boolean('drop'),
    at: service.keySpan('migrate')
  }
}

/** Reads `migrate` of a topic: what goes into its plan. */
export function readTopicMigrate(
  context: ReadContext,
  topic: Section
): { readonly migrate?: TopicMigration } {
  const section = sectionOf(context, topic, TOPIC_MIGRATE)
  if (section === null) return {}
  const at = context.report.position(topic.keySpan('migrate'))
  return { migrate: { accept: section.boolean('accept'), at } }
}

/** Reads `migrate` of the file; null when it has none, or after a finding. */
export function readFileMigrate(context: ReadContext, file: Section): FileMigrateModel | null {
  const section = sectionOf(context, file, FILE_MIGRATE)
  if (section === null) return null
  const drop = names(context, section.items('drop'), 'a service, or a state as service.state')
  const abandon = names(context, section.items('abandon'), 'the name of a topic or schedule')
  return {
    drop: drop.map(({ name, span }) => ({ name: name.split('.').map(toKebab).join('.'), span })),
    abandon,
    at: file.keySpan('migrate')
  }
}

function sectionOf(context: ReadContext, parent: Section, spec: SectionSpec): Section | null {
  const node = parent.value('migrate')
  return node === null ? null : readSection(context, node, spec, parent.keySpan('migrate'))
}

function refuseTogether(context: ReadContext, section: Section, hasCode: boolean): void {
  const hasDefaults = section.value('defaults') !== null
  const given = [
    ...(hasCode ? ['a function'] : []),
    ...(hasDefaults ? ['"defaults"'] : []),
    ...(section.boolean('drop') ? ['"drop"'] : [])
  ]
  if (given.length < 2) return
  const key = section.boolean('drop') ? 'drop' : 'defaults'
  const message = `${given.join(' and ')} all say what becomes of stored values; one of them must stay`
  context.report.error('MIGRATE_TWICE', section.keySpan(key), message)
}

function names(
  context: ReadContext,
  items: readonly TreeNode[],
  what: string
): { readonly name: string; readonly span: Span }[] {
  return items.flatMap(item => {
    if (item.kind === 'scalar' && item.text !== '') return [{ name: item.text, span: item }]
    context.report.error('WRONG_KIND', item, `an item must be ${what}, but is ${kindOf(item)}`)
    return []
  })
}
