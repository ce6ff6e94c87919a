// What each command of the shell does: it gets the words behind its name and gives the text to print.
import { MillraceError } from '../../base/index.ts'
import { nearestWord } from '../../dataflow/index.ts'
import { produceText, readTexts, resolveState, whereOf } from '../../server/index.ts'
import type { ConsumeFrom, DataflowMetrics, Engine, EngineDataflow } from '../../server/index.ts'
import { rowOfTopic, TOPIC_COLUMNS, topicCells } from '../output/topic-table.ts'
import { formatTable, serialise, type ListFormat } from '../output/output.ts'
import { formatEntries, timeText } from '../output/run-summary.ts'
import {
  LIMIT_DEFAULT,
  LIST_OPTIONS,
  countOf,
  isTable,
  listText,
  parse,
  regexOf,
  tableOf
} from './arguments.ts'
import type { Row } from './arguments.ts'
import { functionMetricsText, showFunctionState, showFunctions, showTimers } from './functions.ts'
import { runSql, showTables } from './sql.ts'
import { produceWords } from './words.ts'

/** A command of the shell. */
export interface ShellCommand {
  /** As the user types it, one or two words. */
  readonly name: string
  readonly usage: string
  readonly help: string
  /** Runs it with the text behind the name; gives what to print, or null to leave the shell. */
  run(engine: Engine, rest: string): Promise<string | null>
}

const CONSUME_LIMIT_DEFAULT = 20

/** All commands, in the order of the help. */
export const SHELL_COMMANDS: readonly ShellCommand[] = [
  {
    name: 'show dataflow',
    usage: 'show dataflow [-o table|json|yaml]',
    help: 'the dataflows that run, with tasks, records not processed yet and event time',
    run: showDataflow
  },
  {
    name: 'show topics',
    usage: 'show topics [--all] [-o table|json|yaml]',
    help: 'the topics; --all: internal ones too',
    run: showTopics
  },
  {
    name: 'show state',
    usage: 'show state [NAME] [--key K] [--filter REGEX] [--limit N] [-o table|json|yaml]',
    help: 'the states, or the entries of one; --filter matches keys; NAME is a function type, too: NS/TYPE',
    run: showState
  },
  {
    name: 'show functions',
    usage: 'show functions [-o table|json|yaml]',
    help: 'the function types: where they answer, addresses, messages that wait, timers, failures',
    run: showFunctions
  },
  {
    name: 'show timers',
    usage: 'show timers [NS/TYPE] [--key ID] [--limit N] [-o table|json|yaml]',
    help: 'the delayed messages that are pending, of all functions, one type or one address',
    run: showTimers
  },
  {
    name: 'show metrics',
    usage: 'show metrics [-o table|json|yaml]',
    help: 'counters of every operator and function',
    run: showMetrics
  },
  {
    name: 'show tables',
    usage: 'show tables [-o table|json|yaml]',
    help: 'the tables that sql can ask, with their columns',
    run: async (engine, rest) => showTables(engine, parse(rest, LIST_OPTIONS, 0).values.output)
  },
  {
    name: 'sql',
    usage: 'sql [-o table|json|csv] [SELECT …]',
    help: 'asks the states, as of the newest commit; without a statement a prompt of its own, which exit leaves',
    run: runSql
  },
  {
    name: 'produce',
    usage: 'produce TOPIC [KEY:]VALUE',
    help: 'append a record; a value that begins with {, [ or " or a colon has no key',
    run: produce
  },
  {
    name: 'consume',
    usage: 'consume TOPIC [--from N|beginning|end] [--limit N] [-o table|json|yaml]',
    help: `records of a topic; the last ${CONSUME_LIMIT_DEFAULT} unless told otherwise`,
    run: consume
  },
  { name: 'help', usage: 'help', help: 'this list', run: async () => helpText() },
  { name: 'exit', usage: 'exit', help: 'stop everything cleanly and leave', run: async () => null }
]

/** Runs one line; gives what to print, null to leave. @throws USAGE and what the engine throws */
export async function runLine(engine: Engine, line: string): Promise<string | null> {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return ''
  if (text === 'quit') return null
  const spaced = text.replace(/^show\s+/, 'show ')
  const command = SHELL_COMMANDS.find(
    one => spaced === one.name || spaced.startsWith(`${one.name} `)
  )
  if (command !== undefined) return command.run(engine, spaced.slice(command.name.length).trim())
  throw unknownCommand(spaced)
}

/** The list of commands, each with what it does below it: beside it that has no room on most terminals. */
export function helpText(): string {
  return SHELL_COMMANDS.map(({ usage, help }) => `${usage}\n${indented(help)}`).join('\n')
}

/** Lines of at most 80 columns, broken between words. */
function indented(text: string): string {
  return text.replace(/(.{1,76})(?:\s+|$)/g, '    $1\n').trimEnd()
}

function unknownCommand(text: string): MillraceError {
  const names = SHELL_COMMANDS.map(command => command.name)
  const [first, second] = text.split(/\s+/)
  const asked = first === 'show' && second !== undefined ? `show ${second}` : first!
  const nearest = nearestWord(asked, [...names, 'show'])
  const others =
    first === 'show'
      ? 'show takes dataflow, topics, state, functions, timers, metrics or tables'
      : 'help lists the commands'
  const hint = nearest === null || nearest === asked ? others : `did you mean "${nearest}"?`
  return new MillraceError('USAGE', `no command "${asked}"; ${hint}`)
}

async function showDataflow(engine: Engine, rest: string): Promise<string> {
  const { values } = parse(rest, LIST_OPTIONS, 0)
  const rows: Row[] = []
  for (const { loaded, running, startedAtMs, ...dataflow } of await withMetrics(engine)) {
    const { namespace, name, version } = loaded.plan
    rows.push({
      dataflow: `${namespace}/${name}@${version}`,
      status: running.status,
      'last updated': new Date(startedAtMs).toISOString(),
      tasks: running.tasks,
      lag: dataflow.metrics.lag,
      watermark: watermarkOf(dataflow.metrics)
    })
  }
  return listText(rows, values.output)
}

/** The least watermark of a dataflow's services; null where none has one. */
function watermarkOf({ times }: DataflowMetrics): string | null {
  const known = times.flatMap(({ watermark }) => (watermark === null ? [] : [watermark]))
  return known.length === 0 ? null : timeText(Math.min(...known))
}

/** How far each service with windows is. */
function timeRows({ times }: DataflowMetrics): Row[] {
  return times.map(({ service, watermark, heldBackBy, openWindows, closedWindows, late }) => ({
    windows: service,
    watermark: watermark === null ? null : timeText(watermark),
    'held back by': heldBackBy,
    open: openWindows,
    closed: closedWindows,
    late
  }))
}

async function showTopics(engine: Engine, rest: string): Promise<string> {
  const { values } = parse(
    rest,
    { ...LIST_OPTIONS, all: { type: 'boolean', default: false } } as const,
    0
  )
  const topics = [...(await engine.log.listTopics({ internal: values.all }))]
  topics.sort((a, b) => (a.name < b.name ? -1 : 1))
  if (!isTable(values.output)) return serialise(topics, values.output)
  const rows = topics.map(topic => topicCells(rowOfTopic(topic)))
  return formatTable({ columns: TOPIC_COLUMNS, rows })
}

async function showState(engine: Engine, rest: string): Promise<string> {
  const options = {
    ...LIST_OPTIONS,
    key: { type: 'string' },
    filter: { type: 'string' },
    limit: { type: 'string', default: String(LIMIT_DEFAULT) }
  } as const
  const { values, positionals } = parse(rest, options, 1)
  const [name] = positionals
  if (name === undefined) return listStates(engine, values.output)
  const limit = countOf('--limit', values.limit)
  const filter = values.filter === undefined ? null : regexOf(values.filter)
  if (isFunctionType(engine, name)) {
    const { key = null, output } = values
    return showFunctionState(engine, { typename: name, key, filter, limit, output })
  }
  const found = resolveState(
    engine.dataflows.map(dataflow => dataflow.loaded.plan),
    name
  )
  const { running } = engine.dataflows.find(dataflow => dataflow.name === found.dataflow)!
  const request = { limit: filter === null ? limit + 1 : Number.MAX_SAFE_INTEGER }
  const all = await running.stateEntries(
    found.state,
    values.key === undefined ? request : { key: values.key }
  )
  const matching = filter === null ? all : all.filter(entry => filter.test(String(entry.key)))
  const entries = matching.slice(0, limit)
  if (!isTable(values.output)) return serialise(entries, values.output)
  const more = matching.length > limit ? `\n… and more; see --limit and --filter` : ''
  return formatEntries(entries) + more
}

/** Whether a name is no state of a dataflow, `dataflow/service.state`, but a type of functions. */
function isFunctionType({ functions, dataflows }: Engine, name: string): boolean {
  if (functions === null || !name.includes('/')) return false
  if (whereOf(functions.application, name) !== null) return true
  return !dataflows.some(dataflow => name.startsWith(`${dataflow.name}/`))
}

async function listStates(engine: Engine, output: ListFormat): Promise<string> {
  const rows: Row[] = []
  for (const { name, running } of engine.dataflows) {
    const prefix = engine.dataflows.length > 1 ? `${name}/` : ''
    for (const state of await running.states()) {
      rows.push({
        namespace: `${prefix}${state.service}.${state.name}`,
        keys: state.keys,
        type: state.kind
      })
    }
  }
  return listText(rows, output)
}

async function showMetrics(engine: Engine, rest: string): Promise<string> {
  const { values } = parse(rest, LIST_OPTIONS, 0)
  const dataflows = await withMetrics(engine)
  const application = engine.functions === null ? null : await engine.functions.metrics()
  if (!isTable(values.output)) {
    const metricsOf = dataflows.map(({ loaded, metrics }) => ({
      dataflow: loaded.plan.name,
      ...metrics
    }))
    const { name, ...rest } = application ?? { name: '' }
    const ofFunctions = application === null ? [] : [{ application: name, ...rest }]
    return serialise([...metricsOf, ...ofFunctions], values.output)
  }
  const texts = dataflows.map(({ loaded, metrics }) => {
    const head =
      `${loaded.plan.name}: ${metrics.recordsIn} in, ${metrics.recordsOut} out, ${metrics.failed} failed, ` +
      `${metrics.deadLetters} dead letters, lag ${metrics.lag}; ${metrics.commits} commits, ` +
      `p50 ${metrics.commitMsP50.toFixed(2)} ms, p99 ${metrics.commitMsP99.toFixed(2)} ms`
    const rows = metrics.operators.map(operator => ({
      operator: `${operator.service}/${operator.operator}`,
      succeeded: operator.in - operator.failed,
      failed: operator.failed,
      out: operator.out,
      'last error offset': operator.lastErrorOffset < 0 ? null : operator.lastErrorOffset,
      'latency ms':
        operator.latencyMsMean === null ? null : Number(operator.latencyMsMean.toFixed(4))
    }))
    const times = timeRows(metrics)
    const windows = times.length === 0 ? '' : `\n${formatTable(tableOf(times))}`
    return `${head}\n${formatTable(tableOf(rows))}${windows}`
  })
  if (application !== null) texts.push(functionMetricsText(application))
  return texts.join('\n\n')
}

async function produce(engine: Engine, rest: string): Promise<string> {
  const words = produceWords(rest)
  if (words === null)
    throw new MillraceError('USAGE', 'produce takes a topic and a value: produce TOPIC [KEY:]VALUE')
  await checkTopic(engine, words.topic)
  const { partition, offset } = await produceText(engine.log, engine.topics, {
    ...words,
    timestampMs: engine.clock.now()
  })
  return `${words.topic} ${partition}@${offset}`
}

async function consume(engine: Engine, rest: string): Promise<string> {
  const options = {
    ...LIST_OPTIONS,
    from: { type: 'string', default: 'end' },
    limit: { type: 'string', default: String(CONSUME_LIMIT_DEFAULT) }
  } as const
  const { values, positionals } = parse(rest, options, 1)
  const [topic] = positionals
  if (topic === undefined) throw new MillraceError('USAGE', 'consume takes a topic: consume TOPIC')
  await checkTopic(engine, topic)
  const from: ConsumeFrom =
    values.from === 'beginning' || values.from === 'end'
      ? values.from
      : countOf('--from', values.from, 'an offset, beginning or end')
  const limit = countOf('--limit', values.limit)
  const records = await readTexts(engine.log, engine.topics, { topic, from, limit })
  if (!isTable(values.output)) return serialise(records, values.output)
  return formatTable({
    columns: ['partition', 'offset', 'time', 'key', 'value'],
    rows: records.map(({ partition, offset, timestamp, key, value }) => [
      partition,
      offset,
      timestamp < 0 ? null : new Date(timestamp).toISOString(),
      key,
      value
    ])
  })
}

async function checkTopic(engine: Engine, name: string): Promise<void> {
  const names = (await engine.log.listTopics({ internal: true })).map(topic => topic.name)
  if (names.includes(name)) return
  const nearest = nearestWord(name, names)
  const hint = nearest === null ? 'show topics lists them' : `did you mean "${nearest}"?`
  throw new MillraceError('USAGE', `no topic is called "${name}"; ${hint}`)
}

async function withMetrics(engine: Engine) {
  const all: (Pick<EngineDataflow, 'loaded' | 'running' | 'startedAtMs'> & {
    readonly metrics: Awaited<ReturnType<EngineDataflow['metrics']>>
  })[] = []
  for (const dataflow of engine.dataflows) {
    const { loaded, running, startedAtMs } = dataflow
    all.push({ loaded, running, startedAtMs, metrics: await dataflow.metrics() })
  }
  return all
}
