// The tables that the states of dataflows are, and the names under which a query may call them.
import { nearestWord } from '../dataflow/index.ts'
import type { Plan, StatePlan } from '../dataflow/plan.ts'
import { type Column, keyColumn, valueColumns } from './columns.ts'

type OwnedState = Extract<StatePlan, { kind: 'owned' }>

/** A state as a table. */
export interface Table {
  /** Its name in the database; unique. */
  readonly name: string
  readonly dataflow: string
  /** `<service>.<state>` in the file's words. */
  readonly state: string
  /**
   * `current`: all keys. `flushed`: the window that was closed last. `open`: all windows that are open.
   */
  readonly part: 'current' | 'flushed' | 'open'
  /** Of rows with a time to live. */
  readonly ttlMs: number | null
  /** In the order of the table: key, window, `_updated_at`, values. */
  readonly columns: readonly Column[]
  /** Columns before those of the value. */
  readonly fixed: number
}

/** What names in a query mean. */
export type Names = ReadonlyMap<string, Table>

/** The part of a table's name behind the state's, for windows that are open. */
const OPEN = '_open'

/** The tables of all states that the plans own, in the files' order. */
export function tablesOf(plans: readonly Plan[]): Table[] {
  const states = plans.flatMap(plan =>
    plan.services.flatMap(service =>
      service.states.flatMap(state =>
        state.kind !== 'owned' ? [] : [{ dataflow: plan.name, service: service.name, state }]
      )
    )
  )
  const count = (of: (one: (typeof states)[number]) => string, name: string): number =>
    states.filter(one => of(one) === name).length
  const taken = new Set<string>()
  return states.flatMap(({ dataflow, service, state }) => {
    const short = snake(state.name)
    const long = snake(`${service}_${state.name}`)
    let name = snake(`${dataflow}_${long}`)
    if (count(one => snake(one.state.name), short) === 1) name = short
    else if (count(one => snake(`${one.service}_${one.state.name}`), long) === 1) name = long
    // Names of services and states may come to the same text when they are joined.
    while (taken.has(name)) name += '_'
    taken.add(name)
    if (state.windowed) taken.add(name + OPEN)
    const full = `${service}.${state.name}`
    if (!state.windowed) return [table(name, dataflow, full, state, 'current')]
    return [
      table(name, dataflow, full, state, 'flushed'),
      table(name + OPEN, dataflow, full, state, 'open')
    ]
  })
}

function table(
  name: string,
  dataflow: string,
  full: string,
  state: OwnedState,
  part: Table['part']
): Table {
  const windows = state.windowed ? [timeColumn('_window_start'), timeColumn('_window_end')] : []
  const fixed = [keyColumn(state.key), ...windows, timeColumn('_updated_at')]
  const names = fixed.map(column => column.name)
  return {
    name,
    dataflow,
    state: full,
    part,
    ttlMs: state.ttlMs,
    columns: [...fixed, ...valueColumns(state.result?.type ?? state.value, names)],
    fixed: fixed.length
  }
}

function timeColumn(name: string): Column {
  return { name, type: 'TIMESTAMP INTEGER', cell: value => value as number | null }
}

/**
 * All names of the tables: `service.state` and `dataflow/service.state`, as the file writes them and in snake_case,
 * and the state's name alone where only one state has it.
 */
export function namesOf(tables: readonly Table[]): Names {
  const names = new Map<string, Table>()
  const shared = new Set<string>()
  const add = (name: string, table: Table): void => {
    const known = names.get(name)
    if (known !== undefined && known !== table) shared.add(name)
    names.set(name, table)
  }
  for (const one of tables) {
    const end = one.part === 'open' ? OPEN : ''
    const short = one.state.slice(one.state.indexOf('.') + 1)
    for (const name of [short, one.state, `${one.dataflow}/${one.state}`]) {
      add((name + end).toLowerCase(), one)
      add(snake(name + end), one)
    }
  }
  for (const name of shared) names.delete(name)
  for (const one of tables) names.set(one.name, one)
  return names
}

/** Names inside of a service: its states by their own names, and all by `service.state`. */
export function serviceNames(
  tables: readonly Table[],
  states: readonly { readonly name: string; readonly state: string }[]
): Names {
  const visible = tables.filter(one => states.some(({ state }) => state === one.state))
  const names = new Map(namesOf(visible))
  for (const { name, state } of states) {
    const own = visible.find(one => one.state === state)!
    names.set(name.toLowerCase(), own)
    names.set(snake(name), own)
  }
  return names
}

/** The nearest name of a table; null where none is near. */
export function nearestTable(name: string, names: Names): string | null {
  return nearestWord(name.toLowerCase(), [...names.keys()])
}

/** As names are written without quotes in SQL. */
export function snake(name: string): string {
  return name.toLowerCase().replaceAll('-', '_')
}
