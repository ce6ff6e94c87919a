// Runs the cases of a test file, each on a dataflow of its own, and says what was not as expected.
import { messageOf } from '../../base/index.ts'
import {
  nearestWord,
  toKebab,
  type CaseRecord,
  type DataflowCase,
  type ExpectedLetter,
  type ExpectedTopic,
  type FunctionCase,
  type PlainValue,
  type StateEntries,
  type TestCase,
  type TestFile
} from '../../dataflow/index.ts'
import type { Plan, Position, StatePlan } from '../../dataflow/plan.ts'
import { allSteps } from '../../runtime/index.ts'
import type { Key } from '../../runtime/code/user.ts'
import type { DataflowSource } from '../source.ts'
import { TestDataflow } from '../test-dataflow.ts'
import {
  type AnyRecord,
  comparisonOf,
  outputRecord,
  showEntry,
  sorted,
  typedRecordKey
} from './case-records.ts'
import { diffInAnyOrder, diffInOrder, type DiffLine } from './compare.ts'
import {
  functionPlan,
  givenTopic,
  INPUT,
  OUTPUT,
  outputTypeOf,
  statesOf,
  whyNotAlone,
  type TestedFunction
} from './function-plan.ts'
import { isSame, showValue, typedKey, typedValue } from './values.ts'

/** What is tested. */
export interface TestTarget {
  readonly plan: Plan
  /** What dataflows are opened from; null for a package, which has only functions. */
  readonly source: DataflowSource | null
  /** Absolute path of its file. */
  readonly path: string
}

/** One thing that was not as expected, with its place in the test file. */
export interface CaseFailure {
  readonly at: Position
  readonly message: string
  readonly diff: readonly DiffLine[]
}

/** How a case ended. */
export interface CaseResult {
  readonly name: string
  readonly at: Position
  readonly failures: readonly CaseFailure[]
}

/** What the clock of each case shows at first: 2026-01-01T00:00:00Z. */
export const CASE_START_MS: number = Date.UTC(2026, 0, 1)

/** Runs one case. Never rejects for what a case says or a function does. */
export async function runCase(
  file: TestFile,
  target: TestTarget,
  one: TestCase
): Promise<CaseResult> {
  const run = new CaseRun(file, target)
  try {
    await (one.kind === 'dataflow' ? run.dataflow(one) : run.function(one))
  } catch (error) {
    run.fail(one.at, messageOf(error))
  }
  return { name: one.name, at: one.at, failures: run.failures }
}

class CaseRun {
  readonly failures: CaseFailure[] = []
  readonly #file: TestFile
  readonly #target: TestTarget

  constructor(file: TestFile, target: TestTarget) {
    this.#file = file
    this.#target = target
  }

  fail(at: Position, message: string, diff: readonly DiffLine[] = []): void {
    this.failures.push({ at, message, diff })
  }

  async dataflow(one: DataflowCase): Promise<void> {
    const { source } = this.#target
    if (source === null) {
      return this.fail(
        one.at,
        'a package has no topics; test its functions, with "function" and "input"'
      )
    }
    await using flow = await this.#open(source)
    if (!this.#namesAreKnown(flow.plan, one)) return
    for (const turn of one.turns) {
      if (turn.kind === 'advance') await flow.advance(turn.ms)
      else if (!(await this.#feed(flow, turn.topic, turn.records, turn.at))) return
    }
    for (const state of one.states) await this.#state(flow, state, ownedStates(flow.plan))
    await flow.endEventTime()
    for (const expected of one.topics) await this.#topic(flow, expected)
    await this.#letters(flow, one)
  }

  async function(one: FunctionCase): Promise<void> {
    const tested = this.#find(one)
    if (tested === null) return
    const reason = whyNotAlone(tested)
    if (reason !== null) return this.fail(one.functionAt, reason)
    const type = outputTypeOf(tested)
    if (one.output !== undefined && one.output !== null && type === null) {
      return this.fail(
        one.outputAt,
        'what the function gives is not known; declare its return type'
      )
    }
    const isKeyed = one.input.key !== undefined || one.before.length > 0 || one.states.length > 0
    const states = statesOf(tested).map(state => ({ name: state.name, state }))
    await using flow = await this.#open(functionPlan(tested, this.#target.path, isKeyed))
    for (const given of one.before) {
      const state = this.#knownState(given, states)
      if (state === null) return
      const records = Object.entries(given.entries).map(([key, value]) => ({
        key: typedKey(key, state.key) as Key,
        value: typedValue(value, state.value)
      }))
      await flow.feedRecords(givenTopic(state.name), records)
    }
    if (!(await this.#feed(flow, INPUT, [one.input], one.input.at))) return
    await this.#result(flow, one, tested)
    for (const state of one.states) await this.#state(flow, state, states)
  }

  #open(source: DataflowSource): Promise<TestDataflow> {
    const { partitions, env } = this.#file
    return TestDataflow.open(source, { partitions, env, now: CASE_START_MS })
  }

  /** What the function gave, or why it failed. */
  async #result(flow: TestDataflow, one: FunctionCase, tested: TestedFunction): Promise<void> {
    const [letter] = await flow.deadLetters()
    const message = letter?.headers['millrace-error-message'] ?? null
    if (one.error !== null) {
      if (message?.includes(one.error)) return
      const found =
        message === null ? 'it does not fail' : `it fails with ${JSON.stringify(message)}`
      return this.fail(
        one.outputAt,
        `${one.function} was expected to fail with ${JSON.stringify(one.error)}, but ${found}`
      )
    }
    if (message !== null) return this.fail(one.functionAt, `${one.function} failed: ${message}`)
    if (one.output === undefined) return
    const type = outputTypeOf(tested)
    const found = type === null ? [] : await flow.read(OUTPUT)
    const isList = tested.step.operator === 'flat-map'
    if (isList && !Array.isArray(one.output)) {
      return this.fail(one.outputAt, 'the output of a flat-map is a list')
    }
    const given = one.output === null ? [] : isList ? (one.output as PlainValue[]) : [one.output]
    const expected = given.map(value => outputRecord(value, one.outputAt))
    this.#compare(
      found,
      { topic: OUTPUT, how: 'exactly', records: expected, at: one.outputAt },
      flow,
      one.function
    )
  }

  #find(one: FunctionCase): TestedFunction | null {
    const { plan } = this.#target
    const all = plan.services.flatMap(service =>
      allSteps({ ...plan, services: [service] }).map(step => ({ plan, service, step }))
    )
    const dot = one.function.indexOf('.')
    const [service, name] = [one.function.slice(0, Math.max(0, dot)), one.function.slice(dot + 1)]
    const wanted = toKebab(name)
    const found = all.filter(
      ({ step, service: { name: owner } }) =>
        step.name === wanted && (dot < 0 || owner === service) && step.name !== 'by-key'
    )
    if (found.length === 1) return found[0]!
    const names = all.map(each => each.step.name)
    const nearest = nearestWord(wanted, names)
    const several = found.map(each => `${each.service.name}.${wanted}`).join(', ')
    this.fail(
      one.functionAt,
      found.length > 1
        ? `several services have a function ${JSON.stringify(wanted)}; write one of ${several}`
        : `there is no function ${JSON.stringify(one.function)}; ` +
            (nearest === null
              ? `there are ${[...new Set(names)].join(', ')}`
              : `did you mean ${JSON.stringify(nearest)}?`)
    )
    return null
  }

  /** Feeds records; false when one of them is no value of its type. */
  async #feed(
    flow: TestDataflow,
    id: string,
    records: readonly CaseRecord[],
    at: Position
  ): Promise<boolean> {
    const topic = flow.plan.topics[id]
    if (topic === undefined) {
      this.#unknown('topic', id, Object.keys(flow.plan.topics), at)
      return false
    }
    try {
      const inputs = records.map(record => ({
        value: typedValue(record.value, topic.value.type),
        ...(record.key === undefined || record.key === null
          ? {}
          : { key: typedRecordKey(record.key, topic) as Key }),
        ...(record.timestampMs === undefined ? {} : { timestamp: record.timestampMs }),
        ...(record.headers === undefined ? {} : { headers: record.headers })
      }))
      await flow.feedRecords(id, inputs)
      return true
    } catch (error) {
      this.fail(at, `${id}: ${messageOf(error)}`)
      return false
    }
  }

  async #topic(flow: TestDataflow, expected: ExpectedTopic): Promise<void> {
    this.#compare(await flow.read(expected.topic), expected, flow, expected.topic)
  }

  #compare(
    found: readonly AnyRecord[],
    expected: ExpectedTopic,
    { plan }: TestDataflow,
    name: string
  ): void {
    const topic = plan.topics[expected.topic]
    const how = comparisonOf(topic, expected.records)
    const diff =
      expected.how === 'exactly'
        ? diffInOrder(expected.records, found, how)
        : diffInAnyOrder(expected.records, found, how, expected.how === 'contains')
    if (diff !== null) this.fail(expected.at, `${name} is not as expected`, diff)
  }

  async #state(
    flow: TestDataflow,
    expected: StateEntries,
    known: readonly NamedState[]
  ): Promise<void> {
    const state = this.#knownState(expected, known)
    if (state === null) return
    const entries = await flow.windows(known.find(one => one.state === state)!.name)
    const found = entries.map(({ key, value, window }): readonly [string, unknown] => {
      const start = window === null ? '' : ` @ ${new Date(window.start).toISOString()}`
      return [`${String(key)}${start}`, value]
    })
    const wanted = Object.entries(expected.entries).map(
      ([key, value]): readonly [string, unknown] => [key, typedValue(value, state.value)]
    )
    const how = {
      matches: (a: readonly [string, unknown], b: readonly [string, unknown]) =>
        a[0] === b[0] && isSame(a[1], b[1]),
      showExpected: showEntry,
      showActual: showEntry
    }
    const diff = diffInOrder(sorted(wanted), sorted(found), how)
    if (diff !== null)
      this.fail(expected.at, `the state ${expected.state} is not as expected`, diff)
  }

  #knownState(given: StateEntries, known: readonly NamedState[]): OwnedState | null {
    const found = known.filter(
      ({ name }) => name === given.state || name.split('.').at(-1) === given.state
    )
    if (found.length === 1) return found[0]!.state
    this.#unknown(
      'state',
      given.state,
      known.map(({ name }) => name),
      given.at
    )
    return null
  }

  async #letters(flow: TestDataflow, one: DataflowCase): Promise<void> {
    const found = (await flow.deadLetters()).map(letter => ({
      value: letter.value === null ? null : String(letter.value),
      operator: letter.headers['millrace-operator'] ?? null,
      message: letter.headers['millrace-error-message'] ?? null
    }))
    const show = ({ value, operator, message }: ExpectedLetter | (typeof found)[number]): string =>
      showValue({ value, operator, message })
    const diff = diffInOrder(one.deadLetters, found, {
      matches: (expected, actual) =>
        (expected.value === null || expected.value === actual.value) &&
        (expected.operator === null || expected.operator === actual.operator) &&
        (expected.message === null || actual.message?.includes(expected.message) === true),
      showExpected: show,
      showActual: show
    })
    if (diff === null) return
    const at = one.deadLetters[0]?.at ?? one.at
    this.fail(at, 'the dead letters are not as expected', diff)
  }

  #namesAreKnown(plan: Plan, one: DataflowCase): boolean {
    const names = Object.keys(plan.topics)
    const before = this.failures.length
    for (const { topic, at } of one.topics) {
      if (!names.includes(topic)) this.#unknown('topic', topic, names, at)
    }
    return this.failures.length === before
  }

  #unknown(what: string, name: string, names: readonly string[], at: Position): void {
    const nearest = nearestWord(name, names)
    const hint =
      nearest !== null
        ? `did you mean ${JSON.stringify(nearest)}?`
        : names.length === 0
          ? 'there are none'
          : `there are ${names.join(', ')}`
    this.fail(at, `there is no ${what} ${JSON.stringify(name)}; ${hint}`)
  }
}

type OwnedState = Extract<StatePlan, { readonly kind: 'owned' }>

interface NamedState {
  readonly name: string
  readonly state: OwnedState
}

function ownedStates(plan: Plan): NamedState[] {
  return plan.services.flatMap(service =>
    service.states.flatMap(state =>
      state.kind === 'owned' ? [{ name: `${service.name}.${state.name}`, state }] : []
    )
  )
}
