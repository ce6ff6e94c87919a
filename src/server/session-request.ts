// What is to be run, and whether what it names is there: topics, states, function types, files.
import { statSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

import { MillraceError } from '../base/index.ts'
import { nearestWord } from '../dataflow/index.ts'
import type { Plan } from '../dataflow/plan.ts'
import type { LoadedApplication } from './functions/application.ts'
import { topicTableOf } from './engine.ts'
import type { EngineOptions } from './engine.ts'
import { checkFunctionType, whereOf } from './functions/function-report.ts'
import { FEED_DEAD_LETTERS } from './feed/feed-batches.ts'
import type { FeedBeginning, FeedInput } from './feed/feed-file.ts'
import type { FeedProgress } from './feed/feed-run.ts'
import { checkOutput } from './outputs.ts'
import type { Output } from './outputs.ts'
import { unknownTopic } from './topic-table.ts'

/** What is to be run. */
export interface SessionRequest extends EngineOptions {
  readonly inputs: readonly FeedInput[]
  readonly inFormat: 'text' | 'json'
  readonly keySeparator: string | null
  readonly outputs: readonly Output[]
  readonly outFormat: 'value' | 'json'
  /** States to read at the end of a drain, see {@link resolveState}. */
  readonly show: readonly string[]
  readonly stdin: Readable
  readonly stdout: Writable
  onFeedBegin(input: FeedInput, beginning: FeedBeginning, linesBefore: number): void
  onFeedProgress(progress: FeedProgress & { readonly bytesTotal: number }): void
}

/**
 * Checks what the request names against the plans, before anything is created.
 * @throws USAGE an unknown topic or state, with the nearest one; an input that is no readable file; an output that
 * cannot be written
 */
export function checkRequest(
  request: Pick<SessionRequest, 'dataflows' | 'application' | 'inputs' | 'outputs' | 'show'>
): void {
  const names = topicTableOf(request).names()
  for (const { topic, path, given } of request.inputs) {
    if (!names.includes(topic)) throw unknownTopic('--in', topic, names)
    if (path === null) continue
    const found = statSync(path, { throwIfNoEntry: false })
    if (found !== undefined && !found.isDirectory()) continue
    const what = found === undefined ? 'does not exist' : 'is a folder'
    throw new MillraceError(
      'USAGE',
      `--in ${topic}=${given}: ${given} ${what}; name a file with one record per line`
    )
  }
  for (const output of request.outputs) {
    const isKnown = output.topic === FEED_DEAD_LETTERS || names.includes(output.topic)
    if (!isKnown) checkUndeclared(request.application, output.topic, names)
    checkOutput(output)
  }
  for (const state of request.show) {
    if (shownType(request, state) !== null) continue
    resolveState(
      request.dataflows.map(loaded => loaded.plan),
      state
    )
  }
}

/**
 * Functions name the topics that they write when they do, where their egress does not: such a topic may be any but
 * one that is nearly another's name.
 */
function checkUndeclared(
  application: LoadedApplication | null,
  topic: string,
  names: readonly string[]
): void {
  const open = application?.egresses.filter(egress => egress.topics === undefined) ?? []
  if (open.length === 0) throw unknownTopic('--out', topic, names)
  if (nearestWord(topic, names) === null) return
  const { message } = unknownTopic('--out', topic, names)
  throw new MillraceError(
    'USAGE',
    `${message} If functions write it, add it to the "topics" of ${open.map(egress => egress.typename).join(' or ')}`
  )
}

/** The function type that `--show` names; null for a state of a dataflow. @throws USAGE nothing answers for it */
export function shownType(
  { dataflows, application }: Pick<SessionRequest, 'dataflows' | 'application'>,
  name: string
): string | null {
  if (application === null || !name.includes('/')) return null
  if (whereOf(application, name) !== null) return name
  if (dataflows.some(({ plan }) => name.startsWith(`${plan.name}/`))) return null
  checkFunctionType(application, name)
  return name
}

/**
 * Finds a state by `state`, `service.state` or `dataflow/service.state`; gives the dataflow and `service.state`.
 * @throws USAGE none or more than one is meant
 */
export function resolveState(
  plans: readonly Plan[],
  name: string
): { readonly dataflow: string; readonly state: string } {
  const all = plans.flatMap(plan =>
    plan.services.flatMap(service =>
      service.states
        .filter(state => state.kind === 'owned')
        .map(state => ({
          dataflow: plan.name,
          state: `${service.name}.${state.name}`,
          short: state.name
        }))
    )
  )
  const found = all.filter(
    one => one.state === name || one.short === name || fullName(one) === name
  )
  if (found.length === 1) return found[0]!
  const words = (found.length === 0 ? all : found).map(
    plans.length > 1 ? fullName : one => one.state
  )
  const nearest = nearestWord(name, [...all.map(one => one.short), ...words])
  throw new MillraceError(
    'USAGE',
    found.length > 1
      ? `"${name}" names more than one state: ${words.join(', ')}; write one of these`
      : `no state is called "${name}"; ` +
          (words.length === 0
            ? 'no dataflow declares one'
            : nearest === null
              ? `there are ${words.join(', ')}`
              : `did you mean "${nearest}"?`)
  )
}

function fullName(state: { readonly dataflow: string; readonly state: string }): string {
  return `${state.dataflow}/${state.state}`
}
