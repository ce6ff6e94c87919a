// Which service of a file is which of the record: by name, by declared rename, and what only looks like a rename.
import type { Plan, ServicePlan } from '../../dataflow/plan.ts'
import { change, type Change } from './changes.ts'
import type { DataflowRecord, ServiceRecord } from './record.ts'

/** A service of the plan with what the record has of it. */
export interface MatchedService {
  readonly plan: ServicePlan
  /** null: nothing is stored of it. */
  readonly before: ServiceRecord | null
  /** The name that it had; its own where it is new. */
  readonly nameBefore: string
  /** What internal names are made from. */
  readonly storedAs: string
  readonly isRenamed: boolean
}

/** All services of the plan, what left the file, and what is to be said. */
export interface MatchedServices {
  readonly services: readonly MatchedService[]
  /** Of the record, without a service of the plan. */
  readonly gone: readonly ServiceRecord[]
  readonly changes: readonly Change[]
}

/** Finds each service of `plan` in the record. `unused` makes a name that nothing stored has. */
export function matchServices(
  plan: Plan,
  record: DataflowRecord | null,
  unused: (name: string) => string
): MatchedServices {
  const known = new Map((record?.services ?? []).map(service => [service.name, service]))
  const taken = new Set((record?.services ?? []).map(({ storedAs }) => storedAs))
  const changes: Change[] = []
  /** Services of the record, with those of the file that go on with them. */
  const claimed = new Map<string, string>()
  const services = plan.services.map((service): MatchedService => {
    const from = service.migrate?.renameFrom ?? null
    const own = known.get(service.name) ?? null
    const other = from === null ? null : (known.get(from) ?? null)
    if (own !== null && own.isDeclared && other !== null && other.isDeclared) {
      const detail = `it has data of its own, and so has ${from}, which it is said to have been`
      const advice = `leave rename-from out, and declare migrate: { drop: [${from}] } in the file if that is to go`
      changes.push(change('service', service.name, 'refused', detail, { advice }))
    }
    const wantsOther = other !== null && (own === null || !own.isDeclared)
    const twin = wantsOther ? claimed.get(other.name) : undefined
    if (twin !== undefined) {
      const detail = `it is said to have been ${from}, and so is ${twin}`
      const advice = 'leave rename-from out of one of them'
      changes.push(change('service', service.name, 'refused', detail, { advice }))
    }
    const isRenamed = wantsOther && twin === undefined
    const before = isRenamed ? other : own
    if (before !== null) claimed.set(before.name, service.name)
    if (isRenamed) {
      changes.push(
        change('service', service.name, 'migrated', `was ${from}, and goes on with what that has`)
      )
    }
    const free = taken.has(service.name) ? unused(service.name) : service.name
    return {
      plan: service,
      before,
      nameBefore: before?.name ?? service.name,
      storedAs: before?.storedAs ?? free,
      isRenamed
    }
  })
  const gone = (record?.services ?? []).filter(({ name }) => !claimed.has(name))
  return { services, gone, changes }
}
