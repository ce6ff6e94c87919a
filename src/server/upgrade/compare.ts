// A checked plan against a data directory: everything that starting it there would change, before anything is touched.
import { MillraceError } from '../../base/index.ts'
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import type { Log, Topic } from '../../log/log.ts'
import { allSteps, changelogTopicName, scheduleGroupName } from '../../runtime/index.ts'
import type { Change, Rewrite } from './changes.ts'
import {
  RECORD_FORMAT,
  type DataflowRecord,
  type ServiceRecord,
  type StateRecord,
  recordKey
} from './record.ts'
import { compareSchedules } from './schedules.ts'
import { matchServices, type MatchedService, type MatchedServices } from './services.ts'
import { compareStates } from './states.ts'
import { compareTopics, factsOf } from './topics.ts'

/** What starting a plan on a data directory does. */
export interface Upgrade {
  /** The plan with the names under which its data is stored. */
  readonly plan: Plan
  /** null: the dataflow never ran there. */
  readonly before: DataflowRecord | null
  readonly after: DataflowRecord
  readonly changes: readonly Change[]
  readonly rewrites: readonly Rewrite[]
  /** States whose old form goes. */
  readonly removed: readonly StateRecord[]
  /** What is removed once the record has changed. */
  readonly removals: readonly string[]
}

/** Compares `plan` with the records of a log. Writes nothing. */
export async function compareWithLog(
  plan: Plan,
  log: Pick<Log, 'listTopics' | 'positions'>,
  records: ReadonlyMap<string, DataflowRecord>,
  partitions: number
): Promise<Upgrade> {
  const topics = await log.listTopics({ internal: true })
  const before = recordIn(topics, records.get(recordKey(plan)) ?? null, plan)
  const generation = (before?.generation ?? 0) + 1
  const unused = (name: string): string => `${name}_g${generation}`
  const matched = matchServices(plan, before, unused)
  const states = compareStates(plan, before, matched, unused)
  const others = [...records].filter(([key]) => key !== recordKey(plan)).map(([, record]) => record)
  const facts = await factsOf(log, topics, plan, partitions)
  const compared = compareTopics(plan, before, others, matched, facts)
  const given = await log.positions(scheduleGroupName(plan))
  const schedules = compareSchedules(plan, before, facts, given)
  const leftovers = before?.removing ?? []
  const removals = [...leftovers, ...states.removed.map(({ stored }) => stored)]
  const names = [...states.after, ...matched.services].map(one =>
    'stored' in one ? one.stored : one.storedAs
  )
  const isNew = names.some(name => name.endsWith(unused('')))
  const after: DataflowRecord = {
    format: RECORD_FORMAT,
    namespace: plan.namespace,
    name: plan.name,
    version: plan.version,
    tasks: compared.tasks,
    generation: isNew || before === null ? generation : before.generation,
    services: [
      ...matched.services.map(service => serviceRecord(plan, service)),
      ...matched.gone.map(service => ({ ...service, isDeclared: false }))
    ],
    states: states.after,
    topics: compared.after,
    removing: removals,
    retired: before?.retired ?? [],
    ...(schedules.after.length === 0 ? {} : { schedules: schedules.after })
  }
  return {
    plan: withStoredNames(plan, matched, states.after),
    before,
    after,
    changes: [...matched.changes, ...states.changes, ...compared.changes, ...schedules.changes],
    rewrites: states.rewrites,
    removed: states.removed,
    removals
  }
}

/** Refuses upgrades that would not fit. @throws UPGRADE_REFUSED with every reason, and what to declare */
export function refuseMisfits(upgrades: readonly Upgrade[], folder: string): void {
  const refused = upgrades.flatMap(({ plan, changes }) =>
    changes
      .filter(({ status }) => status === 'refused')
      .map(
        ({ kind, name, detail, advice }) => `${plan.name}: ${kind} ${name}: ${detail}; ${advice}`
      )
  )
  if (refused.length === 0) return
  throw new MillraceError(
    'UPGRADE_REFUSED',
    `what ${folder} holds does not fit the changed file, and nothing was touched:\n  ${refused.join('\n  ')}\n` +
      'millrace plan shows everything that would change',
    { details: { folder, refused: refused.length } }
  )
}

/** The record, without the states whose changelog somebody has deleted. */
function recordIn(
  topics: readonly Topic[],
  record: DataflowRecord | null,
  plan: Plan
): DataflowRecord | null {
  const hasChangelog = topics.some(({ name }) => name === changelogTopicName(plan))
  return record === null || hasChangelog ? record : { ...record, states: [], removing: [] }
}

/** The plan with the names that its data has in the log. Steps stay the same objects. */
function withStoredNames(
  plan: Plan,
  { services: matched }: MatchedServices,
  states: readonly StateRecord[]
): Plan {
  const services = plan.services.map((service): ServicePlan => {
    const { storedAs } = matched.find(one => one.plan === service)!
    const own = states.filter(state => state.service === service.name && state.isDeclared)
    const books = own.filter(({ name }) => name.startsWith('$'))
    return {
      ...service,
      storedAs,
      storedBooks: Object.fromEntries(books.map(({ name, stored }) => [name, stored])),
      states: service.states.map(state => {
        const found = own.find(({ name }) => name === state.name)
        if (state.kind !== 'owned' || found === undefined) return state
        return { ...state, storedAs: { name: found.stored, fingerprint: found.fingerprint } }
      })
    }
  })
  return { ...plan, services }
}

function serviceRecord(plan: Plan, { plan: service, storedAs }: MatchedService): ServiceRecord {
  const names = (ids: readonly { readonly topic: string }[]): string[] =>
    ids.map(({ topic }) => plan.topics[topic]?.name ?? topic)
  return {
    name: service.name,
    storedAs,
    sources: names(service.sources),
    sinks: names(service.sinks),
    operators: allSteps({ ...plan, services: [service] }).map(({ name }) => name),
    travelling: service.partition?.assignKey.input ?? null,
    isDeclared: true
  }
}
