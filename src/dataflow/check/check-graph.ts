// Checks how services are linked by topics: no cycles, no unused topics, no topic declared in two ways.
import { toKebab } from '../names.ts'
import type { Report } from '../report.ts'
import type { FileModel, IoModel, ServiceModel } from '../read/model.ts'
import { quoted } from '../yaml/tree.ts'

/** Checks the topics of a file and the services over them. */
export function checkGraph(report: Report, file: FileModel): void {
  checkTopics(report, file)
  const cycle = findCycle(file)
  if (cycle === null) return
  const message = `the services run in a circle: ${cycle.path.join(' → ')}; a record would never end its way`
  report.error(
    'CYCLE',
    cycle.back.topicSpan,
    message,
    'Let one service of the circle write to a topic that none of the others reads.'
  )
}

/** Where late records go: a way out that leads no service's results, so no circle. */
function lateOf({ window, join }: ServiceModel): readonly IoModel[] {
  return [window?.late, join?.left.late, join?.right.late].filter(
    io => io !== null && io !== undefined
  )
}

function checkTopics(report: Report, file: FileModel): void {
  const used = new Set(
    file.services.flatMap(service =>
      [...service.sources, ...service.sinks, ...lateOf(service)].map(io => io.topic)
    )
  )
  const byName = new Map<string, string>()
  const isMisspelt = [...used].some(id => id !== null && !file.topics.has(id))
  for (const topic of file.topics.values()) {
    // With errors a service that uses it may be missing, and a name that nothing has may be meant to be this one.
    if (!used.has(topic.id) && !report.hasErrors && !isMisspelt) {
      report.warning(
        'TOPIC_UNUSED',
        topic.at,
        `no service reads or writes the topic ${quoted(topic.id)}`
      )
    }
    const name = topic.plan?.name ?? topic.id
    const other = byName.get(name)
    if (other === undefined) byName.set(name, topic.id)
    else {
      report.error(
        'NAME_DUPLICATE',
        topic.at,
        `${quoted(topic.id)} and ${quoted(other)} are the same topic ${quoted(name)} in the log`,
        'Use one id for it.'
      )
    }
  }
  const deadLetters = `${toKebab(file.name)}.dead-letter`
  const clash = [...file.topics.values()].find(topic => topic.plan?.name === deadLetters)
  if (
    clash !== undefined &&
    file.services.some(service => service.sinks.some(sink => sink.topic === clash.id))
  ) {
    report.error(
      'TOPIC_NAME',
      clash.at,
      `${quoted(deadLetters)} is where records that failed are kept; services may read it, not write it`
    )
  }
}

interface Cycle {
  readonly path: readonly string[]
  /** The sink that leads back. */
  readonly back: IoModel
}

/** The first cycle over services and topics, found depth first without recursion: a hostile file has long chains. */
function findCycle(file: FileModel): Cycle | null {
  const readers = new Map<string, ServiceModel[]>()
  for (const service of file.services) {
    for (const source of service.sources)
      readers.set(source.topic, [...(readers.get(source.topic) ?? []), service])
  }
  const done = new Set<ServiceModel>()
  for (const start of file.services) {
    const cycle = done.has(start) ? null : cycleFrom(start, readers, done)
    if (cycle !== null) return cycle
  }
  return null
}

interface Visit {
  readonly service: ServiceModel
  readonly next: { readonly sink: IoModel; readonly service: ServiceModel }[]
  /** Topic over which it was reached. */
  readonly over: string | null
}

function cycleFrom(
  start: ServiceModel,
  readers: ReadonlyMap<string, ServiceModel[]>,
  done: Set<ServiceModel>
): Cycle | null {
  const visit = (service: ServiceModel, over: string | null): Visit => {
    const next = service.sinks.flatMap(sink =>
      (readers.get(sink.topic) ?? []).map(reader => ({ sink, service: reader }))
    )
    return { service, next: next.toReversed(), over }
  }
  const path = [visit(start, null)]
  const open = new Set([start])
  while (path.length > 0) {
    const top = path.at(-1)!
    const edge = top.next.pop()
    if (edge === undefined) {
      done.add(top.service)
      open.delete(top.service)
      path.pop()
    } else if (open.has(edge.service)) {
      return { path: wordsOf(path, edge), back: edge.sink }
    } else if (!done.has(edge.service)) {
      open.add(edge.service)
      path.push(visit(edge.service, edge.sink.topic))
    }
  }
  return null
}

function wordsOf(path: readonly Visit[], edge: Visit['next'][number]): string[] {
  const from = path.findIndex(visit => visit.service === edge.service)
  const words = path
    .slice(from)
    .flatMap(({ service, over }, index) =>
      index === 0 || over === null ? [service.name] : [`(${over})`, service.name]
    )
  return [...words, `(${edge.sink.topic})`, edge.service.name]
}
