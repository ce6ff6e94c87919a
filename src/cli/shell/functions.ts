// The shell's commands about functions: their types, what their addresses have, and what they have sent for later.
import { MillraceError } from '../../base/index.ts'
import {
  addressReport,
  addressReports,
  checkFunctionType,
  functionReports,
  timerReport
} from '../../server/index.ts'
import type {
  AddressReport,
  ApplicationMetrics,
  Engine,
  EngineFunctions
} from '../../server/index.ts'
import { formatTable, serialise, type ListFormat } from '../output/output.ts'
import { formatEntries } from '../output/run-summary.ts'
import {
  LIMIT_DEFAULT,
  LIST_OPTIONS,
  countOf,
  isTable,
  listText,
  parse,
  tableOf
} from './arguments.ts'

/** Where counting addresses and delayed messages for a list ends. */
const COUNTED_MAX = 10_000

/** `show functions` */
export async function showFunctions(engine: Engine, rest: string): Promise<string> {
  const { values } = parse(rest, LIST_OPTIONS, 0)
  if (engine.functions === null)
    return isTable(values.output) ? 'none' : serialise([], values.output)
  const reports = await functionReports(engine.functions)
  if (!isTable(values.output)) return serialise(reports, values.output)
  return listText(
    reports.map(report => ({
      function: report.typename,
      where: report.where,
      addresses: counted(report.addresses),
      in: report.in,
      'in/s': Number(report.inRate.toFixed(1)),
      mailbox: report.numBacklog,
      'in flight': report.inflightAsyncOps,
      timers: counted(report.timers),
      failed: report.failed
    })),
    values.output
  )
}

/** `show timers [NS/TYPE]` */
export async function showTimers(engine: Engine, rest: string): Promise<string> {
  const options = {
    ...LIST_OPTIONS,
    key: { type: 'string' },
    limit: { type: 'string', default: String(LIMIT_DEFAULT) }
  } as const
  const { values, positionals } = parse(rest, options, 1)
  const [typename] = positionals
  const limit = countOf('--limit', values.limit)
  if (typename === undefined && values.key !== undefined) {
    throw new MillraceError(
      'USAGE',
      '--key is the id of an address: name its type, as in show timers NS/TYPE --key ID'
    )
  }
  const functions = functionsOf(engine)
  if (typename !== undefined) checkFunctionType(functions.application, typename)
  const { timers, isComplete } = await functions.running.findTimers({
    limit,
    ...(typename === undefined ? {} : { typename }),
    ...(typename === undefined || values.key === undefined
      ? {}
      : { sender: senderOf(typename, values.key) })
  })
  const reports = timers.map(timerReport)
  if (!isTable(values.output)) return serialise(reports, values.output)
  const rows = reports.map(({ dueAt, sender, target, valueType, cancellationToken }) => ({
    due: new Date(dueAt).toISOString(),
    sender,
    target,
    'value type': valueType,
    token: cancellationToken
  }))
  const more = isComplete ? '' : '\n… and perhaps more; see --limit'
  return `${await listText(rows, values.output)}${more}`
}

function senderOf(typename: string, id: string): { namespace: string; type: string; id: string } {
  const [namespace, type] = typename.split('/', 2) as [string, string]
  return { namespace, type, id }
}

/** What `show state NS/TYPE` is asked for. */
export interface FunctionStateRequest {
  readonly typename: string
  readonly key: string | null
  readonly filter: RegExp | null
  readonly limit: number
  readonly output: ListFormat
}

/** `show state NS/TYPE [--key ID]` */
export async function showFunctionState(
  engine: Engine,
  { typename, key, filter, limit, output }: FunctionStateRequest
): Promise<string> {
  const functions = functionsOf(engine)
  checkFunctionType(functions.application, typename)
  if (key !== null) {
    const report = addressReport(functions, typename, key)
    if (!isTable(output)) return serialise(report, output)
    return formatAddress(report)
  }
  const fits = (id: string): boolean => filter === null || filter.test(id)
  const found = await addressReports(functions, typename, { limit: limit + 1, fits })
  const reports = found.slice(0, limit)
  if (!isTable(output)) return serialise(reports, output)
  if (reports.length === 0) return 'none'
  const more = found.length > limit ? '\n… and more; see --limit and --filter' : ''
  return formatAddresses(reports) + more
}

/** The metrics of the functions, as `show metrics` prints them. */
export function functionMetricsText(metrics: ApplicationMetrics): string {
  const head =
    `${metrics.name}: ${metrics.recordsIn} in, ${metrics.invocations} invocations, ${metrics.produced} sent, ` +
    `${metrics.deadLetters} dead letters, lag ${metrics.lag}, ${metrics.timers} timers, ` +
    `${metrics.mailboxBytes} bytes in mailboxes; ${metrics.commits} commits, ` +
    `p50 ${metrics.commitMsP50.toFixed(2)} ms, p99 ${metrics.commitMsP99.toFixed(2)} ms`
  if (metrics.functions.length === 0) return head
  const rows = metrics.functions.map(one => ({
    function: one.typename,
    in: one.in,
    'in/s': Number(one.inRate.toFixed(1)),
    'out local': one.outLocal,
    'out remote': one.outRemote,
    'out egress': one.outEgress,
    blocked: one.numBlockedAddress,
    'in flight': one.inflightAsyncOps,
    backlog: one.numBacklog,
    failed: one.failed,
    'call failures': one.remoteInvocationFailures,
    'call ms p50': Number(one.remoteInvocationLatency.p50.toFixed(2)),
    'call ms p99': Number(one.remoteInvocationLatency.p99.toFixed(2))
  }))
  return `${head}\n${formatTable(tableOf(rows))}`
}

/** One address: a line for each value. */
function formatAddress({ values, expiresAt, mailbox }: AddressReport): string {
  const rows = Object.entries(values).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    expires: expiresAt[name] === undefined ? null : new Date(expiresAt[name]).toISOString()
  }))
  const table = rows.length === 0 ? 'no values' : formatTable(tableOf(rows))
  return mailbox === 0 ? table : `${table}\n${mailbox} in its mailbox`
}

/** Addresses as a table, in the given order: a column for each value; one for the mail where there is any. */
function formatAddresses(reports: readonly AddressReport[]): string {
  const hasMail = reports.some(({ mailbox }) => mailbox > 0)
  return formatEntries(
    reports.map(({ id, values, mailbox }) => ({
      key: id,
      value: hasMail ? { ...values, mailbox } : values
    }))
  )
}

function functionsOf({ functions }: Engine): EngineFunctions {
  if (functions !== null) return functions
  throw new MillraceError(
    'USAGE',
    'this run has no functions; they stand in module files and files of --functions'
  )
}

function counted(count: number): string | number {
  return count < COUNTED_MAX ? count : `${COUNTED_MAX}+`
}
