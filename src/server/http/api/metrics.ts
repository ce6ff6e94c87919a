// Counters in the text format of Prometheus: the process, HTTP, the log, the broker, dataflows, functions.
import { monitorEventLoopDelay } from 'node:perf_hooks'

import { answered } from './answering.ts'
import type { RequestCounters } from './counters.ts'
import type { ApiHost, HostedEngine } from './host.ts'

type Labels = Readonly<Record<string, string | number>>
type Kind = 'counter' | 'gauge'

/** How long a thread of tasks may take to tell its counters, ms. */
const ANSWER_MS = 1_000

const delay = monitorEventLoopDelay({ resolution: 20 })

/** Lines of one page. */
class Page {
  readonly #families = new Map<string, string[]>()

  /** One value; the first of a name says what it is. */
  add(name: string, kind: Kind, help: string, value: number, labels: Labels = {}): void {
    const full = `millrace_${name}`
    let family = this.#families.get(full)
    if (family === undefined) {
      family = [`# HELP ${full} ${help}`, `# TYPE ${full} ${kind}`]
      this.#families.set(full, family)
    }
    const pairs = Object.entries(labels).map(
      ([label, text]) => `${label}="${escaped(String(text))}"`
    )
    family.push(`${full}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`)
  }

  get text(): string {
    return [...this.#families.values()].map(lines => `${lines.join('\n')}\n`).join('')
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** All counters as they are. */
export async function metricsText(host: ApiHost, requests: RequestCounters): Promise<string> {
  const page = new Page()
  addProcess(page, host)
  addRequests(page, requests)
  await addLog(page, host)
  await addBroker(page, host)
  addDeployments(page, host)
  await Promise.all(
    host.engines().map(async hosted => {
      await addDataflows(page, hosted)
      await addFunctions(page, hosted)
    })
  )
  return page.text
}

function addProcess(page: Page, host: ApiHost): void {
  // Counts from the first question on.
  delay.enable()
  const { user, system } = process.cpuUsage()
  const memory = process.memoryUsage()
  page.add('info', 'gauge', 'The version that runs.', 1, {
    version: host.version,
    node: process.version
  })
  page.add(
    'start_time_seconds',
    'gauge',
    'When the process began to serve.',
    host.startedAtMs / 1_000
  )
  page.add('cpu_seconds_total', 'counter', 'Processor time.', (user + system) / 1e6)
  page.add('resident_memory_bytes', 'gauge', 'Memory of the process.', memory.rss)
  page.add('heap_used_bytes', 'gauge', "Memory of JavaScript's objects.", memory.heapUsed)
  page.add('external_memory_bytes', 'gauge', 'Memory of buffers.', memory.external)
  const p99 = delay.percentile(99) / 1e9
  page.add(
    'event_loop_delay_p99_seconds',
    'gauge',
    'Delay of the event loop since the last look.',
    p99
  )
  delay.reset()
}

function addRequests(page: Page, requests: RequestCounters): void {
  page.add('http_requests_running', 'gauge', 'Requests of the API that run.', requests.running)
  for (const { route, status, requests: count, seconds } of requests.all) {
    const labels = { route, status }
    page.add('http_requests_total', 'counter', 'Requests of the API.', count, labels)
    page.add('http_request_seconds_total', 'counter', 'Time that they took.', seconds, labels)
  }
}

async function addLog(page: Page, host: ApiHost): Promise<void> {
  const topics = await host.log.listTopics({ internal: true })
  page.add('topics', 'gauge', 'Topics, internal ones too.', topics.length)
  page.add('ready', 'gauge', 'Whether requests are served.', host.unready() === null ? 1 : 0)
  for (const { name, status, spec } of topics) {
    const labels = { topic: name, internal: String(spec.internal) }
    const sum = (of: (partition: (typeof status.partitions)[number]) => number): number =>
      status.partitions.reduce((total, partition) => total + of(partition), 0)
    page.add('topic_partitions', 'gauge', 'Partitions of a topic.', spec.partitions, labels)
    page.add(
      'topic_records_total',
      'counter',
      'Records that a topic has had.',
      sum(one => one.endOffset),
      labels
    )
    const kept = sum(one => one.endOffset - one.startOffset)
    page.add('topic_records', 'gauge', 'Offsets between start and end.', kept, labels)
    page.add(
      'topic_bytes',
      'gauge',
      'Bytes of a topic.',
      sum(one => one.bytes),
      labels
    )
    const damaged = sum(one => (one.damage === null ? 0 : 1))
    page.add('topic_partitions_damaged', 'gauge', 'Partitions that are refused.', damaged, labels)
  }
}

async function addBroker(page: Page, { served, log }: ApiHost): Promise<void> {
  const { broker } = served
  const groups = broker === null ? await log.listGroups() : await broker.context.groups.list()
  page.add('groups', 'gauge', 'Groups with members or positions.', groups.length)
  if (broker === null) return
  page.add('kafka_connections', 'gauge', "Connections of Kafka's clients.", broker.connections)
}

function addDeployments(page: Page, { deployments }: ApiHost): void {
  for (const { name, status, version } of deployments?.list() ?? []) {
    page.add(
      'deployment_running',
      'gauge',
      'Whether a deployment runs.',
      status === 'running' ? 1 : 0,
      {
        deployment: name,
        status,
        version
      }
    )
  }
}

async function addDataflows(page: Page, { engine, deployment }: HostedEngine): Promise<void> {
  for (const dataflow of engine.dataflows) {
    const labels = { dataflow: dataflow.name, ...(deployment === null ? {} : { deployment }) }
    // One thread that does not answer must not keep the counters of all others away.
    const metrics = await answered(engine.clock, dataflow.metrics(), ANSWER_MS).catch(() => null)
    const runs = dataflow.running.status === 'running' ? 1 : 0
    page.add('dataflow_running', 'gauge', 'Whether a dataflow runs.', runs, labels)
    if (metrics === null) continue
    const add = (name: string, kind: Kind, help: string, value: number, more: Labels = {}): void =>
      page.add(`dataflow_${name}`, kind, help, value, { ...labels, ...more })
    add('tasks', 'gauge', 'Tasks.', dataflow.running.tasks)
    add('records_in_total', 'counter', 'Records read.', metrics.recordsIn)
    add('records_out_total', 'counter', 'Records written.', metrics.recordsOut)
    add('failed_total', 'counter', 'Records that failed.', metrics.failed)
    add('dead_letters_total', 'counter', 'Records in the dead letters.', metrics.deadLetters)
    add('commits_total', 'counter', 'Commits.', metrics.commits)
    add('lag', 'gauge', 'Records in the sources that are not processed yet.', metrics.lag)
    const commit = 'How long commits take, from sealing an epoch to durable.'
    add('commit_seconds', 'gauge', commit, metrics.commitMsP50 / 1_000, { quantile: '0.5' })
    add('commit_seconds', 'gauge', commit, metrics.commitMsP99 / 1_000, { quantile: '0.99' })
    for (const one of metrics.operators) {
      const { service, operator } = one
      add('operator_in_total', 'counter', 'Records into an operator.', one.in, {
        service,
        operator
      })
      add('operator_out_total', 'counter', 'Records out of an operator.', one.out, {
        service,
        operator
      })
      add('operator_failed_total', 'counter', 'Records that failed in it.', one.failed, {
        service,
        operator
      })
    }
    for (const { service, watermark, openWindows, late } of metrics.times) {
      if (watermark !== null)
        add('watermark_seconds', 'gauge', 'No earlier record is expected.', watermark / 1_000, {
          service
        })
      add('open_windows', 'gauge', 'Windows that are open.', openWindows, { service })
      add('late_total', 'counter', 'Records that came too late.', late, { service })
    }
  }
}

async function addFunctions(page: Page, { engine, deployment }: HostedEngine): Promise<void> {
  const { functions } = engine
  if (functions === null) return
  const metrics = await answered(engine.clock, functions.metrics(), ANSWER_MS).catch(() => null)
  if (metrics === null) return
  const labels = { application: functions.name, ...(deployment === null ? {} : { deployment }) }
  const add = (name: string, kind: Kind, help: string, value: number, more: Labels = {}): void =>
    page.add(`functions_${name}`, kind, help, value, { ...labels, ...more })
  add('records_in_total', 'counter', 'Messages read from ingresses.', metrics.recordsIn)
  add('invocations_total', 'counter', 'Batches that functions have processed.', metrics.invocations)
  add('dead_letters_total', 'counter', 'Messages in the dead letters.', metrics.deadLetters)
  add('commits_total', 'counter', 'Commits.', metrics.commits)
  add('lag', 'gauge', 'Messages in the ingresses that are not processed yet.', metrics.lag)
  add('timers', 'gauge', 'Delayed messages that are pending.', metrics.timers)
  add(
    'mailbox_bytes',
    'gauge',
    'Bytes of messages that wait for busy functions.',
    metrics.mailboxBytes
  )
  const commit = 'How long commits take, from sealing an epoch to durable.'
  add('commit_seconds', 'gauge', commit, metrics.commitMsP50 / 1_000, { quantile: '0.5' })
  add('commit_seconds', 'gauge', commit, metrics.commitMsP99 / 1_000, { quantile: '0.99' })
  for (const one of metrics.functions) {
    const of = { function: one.typename }
    add('function_in_total', 'counter', 'Messages that arrived.', one.in, of)
    add(
      'function_out_local_total',
      'counter',
      'Messages to addresses of the same task.',
      one.outLocal,
      of
    )
    add(
      'function_out_remote_total',
      'counter',
      'Messages to addresses of other tasks.',
      one.outRemote,
      of
    )
    add('function_out_egress_total', 'counter', 'Records to egresses.', one.outEgress, of)
    add('function_failed_total', 'counter', 'Calls that failed for good.', one.failed, of)
    add('function_backlog', 'gauge', 'Messages that wait.', one.numBacklog, of)
    const blocked = 'Addresses with a whole batch waiting behind their call.'
    add('function_blocked_addresses', 'gauge', blocked, one.numBlockedAddress, of)
    add('function_calls_running', 'gauge', 'Calls under way.', one.inflightAsyncOps, of)
    add(
      'function_remote_failures_total',
      'counter',
      'Failed attempts of calls.',
      one.remoteInvocationFailures,
      of
    )
    const { p50, p99 } = one.remoteInvocationLatency
    const latency = 'How long attempts of calls over HTTP take.'
    add('function_call_seconds', 'gauge', latency, p50 / 1_000, { ...of, quantile: '0.5' })
    add('function_call_seconds', 'gauge', latency, p99 / 1_000, { ...of, quantile: '0.99' })
  }
}
