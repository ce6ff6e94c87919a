// Runs every case file: the diagnostics that its first lines expect, and for valid files the plan beside it.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compile } from './compile.ts'
import { formatDiagnostic } from './format.ts'
import type { Plan, StateMigration, StepPlan, TimePlan, TopicPlan, WindowPlan } from './plan.ts'
import { describeType, typeFingerprint } from './type-text.ts'
import type { Type } from './types.ts'

const FOLDER = join(import.meta.dirname, 'cases')
/** MILLRACE_UPDATE_CASES=1 writes the plans anew; read the difference before committing it. */
const isUpdating = process.env['MILLRACE_UPDATE_CASES'] === '1'

const MODULES: Readonly<Record<string, string>> = {
  './a.ts': `import type { Context } from 'somewhere'
    export function first(text: string): string { return text }
    export const double = (value: u32): u32 => value * 2
    export const key = async function (text: string): Promise<string> { return text }
    function update(text: string, ctx: Context): void {}
    export { update }
    export { other, change } from './other.ts'`,
  './broken.ts': 'export function first( {',
  './functions.ts': `export function isLong(word: string): boolean { return word.length > 3 }
    export const byWord = (word: string) => word`
}

const readModule = (specifier: string): string | null => MODULES[specifier] ?? null

const names = globSync('*.yaml', { cwd: FOLDER }).toSorted()

for (const name of names) {
  const text = readFileSync(join(FOLDER, name), 'utf8')
  const expected = [...text.matchAll(/^# expect: (.*)$/gm)].map(match => match[1]!)
  test(`case ${name}: ${expected.length === 0 ? 'compiles' : expected.join(', ')}`, () => {
    const { plan, diagnostics } = compile(text, { file: name, readModule })
    const found = diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`)
    const shown = diagnostics.map(each => formatDiagnostic(each, text, { color: false })).join('\n')
    deepStrictEqual(found.toSorted(), expected.toSorted(), shown)
    strictEqual(
      plan === null,
      diagnostics.some(each => each.severity === 'error')
    )
    if (plan !== null && expected.length === 0) checkPlan(name, plan)
  })
}

test('there are at least 80 invalid cases', () => {
  const invalid = names.filter(name =>
    readFileSync(join(FOLDER, name), 'utf8').includes('# expect: ')
  )
  ok(invalid.length >= 80, `${invalid.length} invalid cases`)
})

function checkPlan(name: string, plan: Plan): void {
  const path = join(FOLDER, name.replace('.yaml', '.plan.txt'))
  const summary = `${JSON.stringify(summaryOf(plan), null, 2)}\n`
  if (isUpdating) writeFileSync(path, summary)
  ok(existsSync(path), `${path} is missing`)
  strictEqual(readFileSync(path, 'utf8'), summary)
}

/** A plan in short: places left out, types as words, code as its first line. */
function summaryOf(plan: Plan): unknown {
  const { apiVersion, name, namespace, version, topics, types, services, migrate } = plan
  return {
    ...(migrate === undefined
      ? {}
      : { migrate: `drop ${migrate.drop.join()} abandon ${migrate.abandon.join()}` }),
    dataflow: `${namespace}/${name}@${version} (${apiVersion})`,
    types: Object.fromEntries(
      Object.entries(types).map(([id, type]) => [id, typeFingerprint(type)])
    ),
    topics: Object.fromEntries(
      Object.values(topics).map(topic => [
        topic.id,
        [
          topic.name,
          valueText(topic),
          `${topic.start.position} ${topic.start.value}`,
          topic.compression,
          `${topic.partitions} ${topic.retentionMs} ${topic.retentionBytes} ${topic.cleanup}`
        ].join(' | ')
      ])
    ),
    services: services.map(service => ({
      name: service.name,
      ...(service.migrate === undefined
        ? {}
        : { migrate: `${service.migrate.renameFrom} ${service.migrate.drop}` }),
      sources: service.sources.map(source =>
        [source.topic, ...source.steps.map(stepText)].join(' | ')
      ),
      states: service.states.map(state =>
        state.kind === 'owned'
          ? `${state.name} (${state.property}): ${describeType(state.key)} → ` +
            `${typeFingerprint(state.value)}, ttl ${state.ttlMs}${state.windowed ? ', windowed' : ''}` +
            migrateText(state.migrate)
          : `${state.name} (${state.property}): from ${state.service}.${state.state}`
      ),
      steps: service.steps.map(stepText),
      ...(service.time === null ? {} : { time: timeText(service.time) }),
      ...(service.window === null ? {} : { window: windowText(service.window) }),
      ...(service.partition === null
        ? {}
        : {
            partition: [
              service.partition.assignKey,
              ...service.partition.steps,
              ...(service.partition.updateState === null ? [] : [service.partition.updateState])
            ].map(stepText)
          }),
      sinks: service.sinks.map(sink => [sink.topic, ...sink.steps.map(stepText)].join(' | ')),
      output: wordOf(service.output),
      emits: service.emitsFromUpdateState,
      errors: Object.values(service.errors).join(' ')
    }))
  }
}

function migrateText(migrate: StateMigration | undefined): string {
  if (migrate === undefined) return ''
  const { renameFrom, drop, defaults, step } = migrate
  const taken = step === null ? '' : ` ${wordOf(step.input)} by ${stepText(step)}`
  return `, migrate ${JSON.stringify({ renameFrom, drop, defaults })}${taken}`
}

function timeText(time: TimePlan): unknown {
  const { assignTimestamp, timestampArgument, outOfOrdernessMs, idlenessMs, futureBoundMs } = time
  const rest = { timestampArgument, outOfOrdernessMs, idlenessMs, futureBoundMs }
  return { ...rest, assign: assignTimestamp === null ? null : stepText(assignTimestamp) }
}

function windowText(window: WindowPlan): unknown {
  const { shape, time, gracePeriodMs, early, lateTopic, steps, merge, flush, flushKey } = window
  const rest = { shape, time, gracePeriodMs, early, lateTopic }
  const text = (step: StepPlan | null): string | null => (step === null ? null : stepText(step))
  return {
    ...rest,
    steps: steps.map(stepText),
    merge: text(merge),
    flush: text(flush),
    flushKey: text(flushKey)
  }
}

function valueText({ key, value }: TopicPlan): string {
  const keyed = key === null ? '' : `${describeType(key)} → `
  return `${keyed}${describeType(value.type)} ${value.converter}`
}

const wordOf = (type: Type | null): string => (type === null ? '?' : describeType(type))

function stepText(step: StepPlan): string {
  const key = step.outputKey === null ? '' : ` keyed by ${describeType(step.outputKey)}`
  const { code } = step
  const place =
    code.kind === 'inline'
      ? `${code.functionName} at ${code.at.line}:${code.at.column}+${code.indent}`
      : code.kind === 'module'
        ? `${code.specifier}#${code.exportName}`
        : code.kind === 'builtin'
          ? JSON.stringify(code.call)
          : code.functionName
  const parameters = Object.keys(step.with).length === 0 ? '' : ` with ${JSON.stringify(step.with)}`
  return `${step.operator} ${step.name} (${wordOf(step.input)}) → ${wordOf(step.output)}${key}: ${place}${parameters}`
}
