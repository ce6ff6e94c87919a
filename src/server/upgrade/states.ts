// What becomes of every state of a plan, and of every stored one: compared with the record, without touching anything.
import type { Plan, StateMigration } from '../../dataflow/plan.ts'
import { type KeptState, keptStates, layoutFingerprint } from '../../runtime/index.ts'
import { change, type Change, type Rewrite, type StateOutcome } from './changes.ts'
import { couldContinue, fitOf, typeText, type Declared } from './layouts.ts'
import type { DataflowRecord, StateRecord } from './record.ts'
import type { MatchedService, MatchedServices } from './services.ts'

/** The states' part of an upgrade. */
export interface StateChanges {
  readonly changes: readonly Change[]
  /** What the record says afterwards. */
  readonly after: readonly StateRecord[]
  readonly rewrites: readonly Rewrite[]
  readonly removed: readonly StateRecord[]
}

/** Words for what services keep for themselves. */
const BOOKS: Readonly<Record<string, string>> = {
  $windows: 'its window is another one, so the open windows do not fit',
  $left: 'its join is another one, so what waits on the left does not fit',
  $right: 'its join is another one, so what waits on the right does not fit'
}
const DEDUP = 'its dedup is another one, so the keys that it has seen do not fit'

/** Compares all states. `unused` makes a name in the changelog that nothing stored has. */
export function compareStates(
  plan: Plan,
  record: DataflowRecord | null,
  matched: MatchedServices,
  unused: (name: string) => string
): StateChanges {
  return new StateComparison(plan, record, matched, unused).run()
}

class StateComparison {
  readonly #plan: Plan
  readonly #stored: readonly StateRecord[]
  /** Names in the changelog that are or were somebody's. */
  readonly #taken: ReadonlySet<string>
  readonly #matched: MatchedServices
  readonly #unused: (name: string) => string
  readonly #claimed = new Set<StateRecord>()
  readonly #outcomes: StateOutcome[] = []
  readonly #new: { readonly kept: KeptState; readonly declared: Declared }[] = []

  constructor(
    plan: Plan,
    record: DataflowRecord | null,
    matched: MatchedServices,
    unused: (name: string) => string
  ) {
    this.#plan = plan
    this.#stored = record?.states ?? []
    this.#taken = new Set([
      ...this.#stored.map(({ stored }) => stored),
      ...(record?.removing ?? []),
      ...(record?.retired ?? [])
    ])
    this.#matched = matched
    this.#unused = unused
  }

  run(): StateChanges {
    for (const kept of keptStates(this.#plan)) this.#outcomes.push(this.#outcomeOf(kept))
    for (const state of this.#stored) {
      if (!this.#claimed.has(state)) this.#outcomes.push(this.#leftOver(state))
    }
    const renames = this.#renames()
    return {
      changes: this.#outcomes.map(
        ({ change: said }) => renames.find(({ name }) => name === said.name) ?? said
      ),
      after: this.#outcomes.flatMap(({ after }) => after ?? []),
      rewrites: this.#outcomes.flatMap(({ rewrite }) => rewrite ?? []),
      removed: this.#outcomes.flatMap(({ removed }) => removed ?? [])
    }
  }

  #outcomeOf(kept: KeptState): StateOutcome {
    const service = this.#matched.services.find(({ plan }) => plan.name === kept.service)!
    return kept.name.startsWith('$') ? this.#book(kept, service) : this.#declared(kept, service)
  }

  /** What a service keeps for itself fits as it is, or not at all. */
  #book(kept: KeptState, service: MatchedService): StateOutcome {
    const before = this.#find(service.nameBefore, kept.name)
    const name = `${kept.service}.${kept.name}`
    if (before === null) return this.#begin(kept, service, null)
    this.#claimed.add(before)
    if (before.meaning === kept.meaning) {
      const after = { ...before, service: kept.service, isDeclared: true }
      return keep(change('state', name, 'kept'), after)
    }
    const why = BOOKS[kept.name] ?? DEDUP
    if (service.plan.migrate?.drop === true) return this.#anew(kept, before, why, null)
    const advice = `declare migrate: { drop: true } in the service ${kept.service} to begin without, or go back`
    return keep(change('state', name, 'refused', why, { advice }), before)
  }

  #declared(kept: KeptState, service: MatchedService): StateOutcome {
    const plan = service.plan.states.find(state => state.name === kept.name)!
    const {
      key,
      value,
      ttlMs,
      windowed,
      migrate = null,
      result
    } = plan as Extract<typeof plan, { kind: 'owned' }>
    const declared = { key, value, stamped: ttlMs !== null, windowed }
    const name = `${kept.service}.${kept.name}`
    const own = this.#find(service.nameBefore, kept.name)
    const from = migrate?.renameFrom ?? null
    const other = from === null ? null : this.#find(from.service, from.state)
    if (own !== null && other !== null && own !== other) return this.#twice(name, own, other)
    const before = own ?? other
    if (before === null || before.layout === null) {
      if (!saysNew(migrate)) this.#new.push({ kept, declared })
      return this.#begin(kept, service, declared)
    }
    if (this.#claimed.has(before)) return claimedTwice(name, before)
    this.#claimed.add(before)
    const stored = { ...before.layout, windowed: before.windowed }
    const moved = before === other ? `was ${before.service}.${before.name}` : ''
    const fit = fitOf(stored, declared, migrate, before === other)
    const drops = migrate?.drop === true || service.plan.migrate?.drop === true
    if (windowed && drops && this.#losesWindows(service)) {
      return this.#anew(kept, before, 'its windows are others', declared)
    }
    switch (fit.kind) {
      case 'fits': {
        const detail = fit.isSame ? '' : `${typeText(value)} reads what was stored`
        const status = moved === '' ? 'kept' : 'migrated'
        const after = {
          ...before,
          service: kept.service,
          name: kept.name,
          meaning: kept.meaning,
          layout: { key, values: fit.values, stamped: declared.stamped },
          isDeclared: true
        }
        const idle = before.isDeclared
          ? ''
          : 'was not in the last file that ran, so it lacks what came meanwhile'
        return keep(change('state', name, status, join(moved, detail, idle)), after)
      }
      case 'converts': {
        const after = this.#layoutRecord(
          kept,
          declared,
          this.#unused(`${kept.service}.${kept.name}`)
        )
        const rewrite = { from: before, to: after, conversion: fit.conversion }
        return {
          change: change('state', name, 'migrated', join(moved, fit.why)),
          after,
          rewrite,
          removed: before
        }
      }
      case 'misfit': {
        if (drops) return this.#anew(kept, before, fit.why, declared)
        // What an aggregate keeps is no state of the file, so nothing can be declared in it.
        const inService = `declare migrate: { drop: true } in the service ${kept.service} to begin empty`
        const advice = result === undefined ? fit.advice : inService
        return keep(change('state', name, 'refused', fit.why, { advice }), before)
      }
    }
  }

  /** A state and the one that it is said to have been: both have data, and only one can go on. */
  #twice(name: string, own: StateRecord, other: StateRecord): StateOutcome {
    for (const state of [own, other]) this.#claimed.add(state)
    const twin = `${other.service}.${other.name}`
    const detail = `it has data of its own, and so has ${twin}, which it is said to have been`
    const advice = `leave rename-from out, and declare migrate: { drop: [${twin}] } if that is to go`
    return keep(change('state', name, 'refused', detail, { advice }), own)
  }

  /** Nothing is stored of it. */
  #begin(kept: KeptState, service: MatchedService, declared: Declared | null): StateOutcome {
    const usual = `${service.storedAs}.${kept.name}`
    const stored = this.#taken.has(usual) ? this.#unused(usual) : usual
    const after = this.#recordOf(kept, declared, stored)
    return keep(change('state', `${kept.service}.${kept.name}`, 'new'), after)
  }

  /** What is stored is removed, and the state begins empty. */
  #anew(
    kept: KeptState,
    before: StateRecord,
    why: string,
    declared: Declared | null
  ): StateOutcome {
    const name = `${kept.service}.${kept.name}`
    const after = this.#recordOf(kept, declared, this.#unused(name))
    return {
      change: change('state', name, 'dropped', `${why}; begins empty`),
      after,
      rewrite: null,
      removed: before
    }
  }

  #leftOver(state: StateRecord): StateOutcome {
    const name = `${state.service}.${state.name}`
    const drop = this.#plan.migrate?.drop ?? []
    const owner = this.#matched.services.find(({ nameBefore }) => nameBefore === state.service)
    const isBookOfDropped = state.name.startsWith('$') && owner?.plan.migrate?.drop === true
    if (drop.includes(name) || drop.includes(state.service) || isBookOfDropped) {
      const said = change('state', name, 'dropped', 'is removed, as the file says')
      return { change: said, after: null, rewrite: null, removed: state }
    }
    const advice = `migrate: { drop: [${name}] } in the file removes it`
    const detail = state.isDeclared
      ? 'is no longer declared: what it holds stays on the disk, unused'
      : 'stays on the disk, unused'
    return keep(change('state', name, 'dropped', detail, { advice }), {
      ...state,
      isDeclared: false
    })
  }

  /** New states that look like one that is gone: begun empty, they would lose it without a word. */
  #renames(): Change[] {
    const found: Change[] = []
    const lost = this.#outcomes.filter(({ change: said, after }) => {
      const { name } = said
      return said.status === 'dropped' && after !== null && !after.isDeclared && !name.includes('$')
    })
    for (const { kept, declared } of this.#new) {
      const twin = lost.find(({ after }) => {
        const state = after!
        const before = this.#stored.find(({ stored }) => stored === state.stored)
        if (before?.isDeclared !== true || state.layout === null) return false
        const isNear = state.service === kept.service || state.name === kept.name
        return isNear && couldContinue({ ...state.layout, windowed: state.windowed }, declared)
      })
      if (twin === undefined) continue
      const { service, name } = twin.after!
      const isServiceRenamed = service !== kept.service && name === kept.name
      const detail = `it would begin empty, but looks like ${service}.${name}, which the file no longer has`
      const way = isServiceRenamed
        ? `migrate: { rename-from: ${service} } in the service ${kept.service}`
        : `migrate: { rename-from: ${name} }`
      const advice = `declare ${way} to go on with it, or an empty migrate: {} in the state to begin empty`
      found.push(change('state', `${kept.service}.${kept.name}`, 'refused', detail, { advice }))
    }
    return found
  }

  /** Whether the windows that states are kept for are dropped, or come and go. */
  #losesWindows(service: MatchedService): boolean {
    const before = this.#find(service.nameBefore, '$windows')
    const now = keptStates(this.#plan).find(
      kept => kept.service === service.plan.name && kept.name === '$windows'
    )
    return before !== null && before.meaning !== now?.meaning
  }

  #find(service: string, name: string): StateRecord | null {
    return this.#stored.find(state => state.service === service && state.name === name) ?? null
  }

  #recordOf(kept: KeptState, declared: Declared | null, stored: string): StateRecord {
    if (declared !== null) return this.#layoutRecord(kept, declared, stored)
    const { service, name, fingerprint, meaning, windowed } = kept
    return { service, name, stored, fingerprint, meaning, windowed, layout: null, isDeclared: true }
  }

  #layoutRecord(kept: KeptState, declared: Declared, stored: string): StateRecord {
    const { service, name, meaning } = kept
    const { key, value, stamped, windowed } = declared
    const fingerprint = layoutFingerprint(declared)
    const layout = { key, values: [value], stamped }
    return { service, name, stored, fingerprint, meaning, windowed, layout, isDeclared: true }
  }
}

/** An empty `migrate`, or one that drops: the state takes nothing over, and whoever wrote it knows. */
function saysNew(migrate: StateMigration | null): boolean {
  if (migrate === null) return false
  const { step, defaults, renameFrom } = migrate
  return step === null && renameFrom === null && Object.keys(defaults).length === 0
}

/** Two states of the file that are said to have been one. */
function claimedTwice(name: string, before: StateRecord): StateOutcome {
  const detail = `it is said to have been ${before.service}.${before.name}, with which another state goes on`
  const advice = 'leave rename-from out of one of them'
  return keep(change('state', name, 'refused', detail, { advice }), before)
}

function keep(said: Change, after: StateRecord): StateOutcome {
  return { change: said, after, rewrite: null, removed: null }
}

function join(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('; ')
}
