// Checks the ways out of a service: sinks, functions, the topic of late records; and finds declared topics by id.
import { nearestWord } from '../names.ts'
import type { SinkPlan } from '../plan.ts'
import type {
  FileModel,
  FunctionTargetModel,
  IoModel,
  ServiceModel,
  TopicModel
} from '../read/model.ts'
import { accepts } from '../type-match.ts'
import { describeType } from '../type-text.ts'
import type { Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'
import type { Chain, Flow } from './chain.ts'
import { checkId } from './check-function-sink.ts'
import type { StepContext } from './check-step.ts'

/** The plan of a sink to which `flow` arrives; none after a finding. */
export function checkSink(
  context: StepContext,
  chain: Chain,
  file: FileModel,
  service: ServiceModel,
  sink: IoModel,
  flow: Flow
): SinkPlan[] {
  const { report } = context
  checkId(report, file, service, sink)
  if (sink.target !== undefined) return checkFunctionSink(context, chain, sink, sink.target, flow)
  const topic = topicOf(context, file, sink)
  if (topic === null) return []
  const last = chain.run(sink.steps, flow)
  const steps = chain.take()
  const into = topic.plan?.value.type
  if (into !== undefined && last.value !== null && !accepts(into, last.value)) {
    const message =
      `the topic ${quoted(sink.topic)} takes ${describeType(into)}, but ` +
      `${describeType(last.value)} arrives`
    report.error(
      'TYPE_MISMATCH',
      sink.topicSpan,
      message,
      'Add a map to the transforms of this sink, or change the topic’s schema.'
    )
  }
  const key = topic.plan?.key
  if (key && last.key !== null && !accepts(key, last.key)) {
    const message =
      `the topic ${quoted(sink.topic)} has keys of type ${describeType(key)}, but ` +
      `${describeType(last.key)} arrives`
    report.error(
      'TYPE_MISMATCH',
      sink.topicSpan,
      message,
      'Return keyed(key, value) with a key of that type.'
    )
  }
  return [{ topic: sink.topic, steps, at: report.position(sink.at) }]
}

function checkFunctionSink(
  context: StepContext,
  chain: Chain,
  sink: IoModel,
  target: FunctionTargetModel,
  flow: Flow
): SinkPlan[] {
  const { report, functionTopics } = context
  const { value } = chain.run(sink.steps, flow)
  const steps = chain.take()
  if (value === null) {
    // With errors that is why nothing is known.
    if (report.hasErrors) return []
    const message = `what reaches ${quoted(target.typename)} has no declared type`
    const hint =
      'Declare what the last function before it returns: it says how values become messages.'
    report.error('FUNCTION_VALUE_UNKNOWN', sink.at, message, hint)
    return []
  }
  const topic = functionTopics.open(sink, target, value)
  return topic === null ? [] : [{ topic: topic.id, steps, at: report.position(sink.at) }]
}

/** Sinks behind an update-state that sends nothing never get a record. */
export function warnUnreachable(context: StepContext, service: ServiceModel, emits: boolean): void {
  const sink = service.sinks[0]
  if (sink === undefined) return
  const why = emits
    ? 'its update-state returns nothing'
    : 'before apiVersion 1.0.0 what update-state returns is dropped'
  const hint = emits
    ? 'Return a value from update-state, or leave the sinks out.'
    : 'Use apiVersion 1.0.0, or count in "partition.transforms".'
  const message = `nothing reaches the sinks of ${quoted(service.name)}: ${why}`
  context.report.warning('SINK_UNREACHABLE', sink.at, message, hint)
}

/** The declared topic of a source or sink; null after a finding. */
export function topicOf(context: StepContext, file: FileModel, io: IoModel): TopicModel | null {
  const topic = file.topics.get(io.topic)
  if (topic !== undefined) return topic
  const nearest = nearestWord(io.topic, file.topics.keys())
  const hint =
    nearest === null ? 'Declare it in the section "topics".' : `Did you mean "${nearest}"?`
  context.report.error(
    'TOPIC_UNKNOWN',
    io.topicSpan,
    `the topic ${quoted(io.topic)} is not declared`,
    hint
  )
  return null
}

/** Checks that the topic of late records takes values of type `arriving`; `where` says what they arrive at. */
export function checkLate(
  context: StepContext,
  file: FileModel,
  late: IoModel,
  arriving: Type | null,
  where: string
): void {
  const into = topicOf(context, file, late)?.plan?.value.type
  if (into === undefined || arriving === null || accepts(into, arriving)) return
  const message =
    `the topic ${quoted(late.topic)} takes ${describeType(into)}, but ${describeType(arriving)} ` +
    `arrives at ${where}`
  context.report.error('TYPE_MISMATCH', late.topicSpan, message)
}
