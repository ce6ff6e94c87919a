// Reads the section `join` of a service.
import { JOIN, JOIN_SIDE, WITHIN } from '../sections/join-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { toKebab } from '../names.ts'
import { quoted } from '../yaml/tree.ts'
import type { JoinModel, JoinSideModel } from './model.ts'
import { pathAt } from './read-builtins.ts'
import { readLate } from './read-window.ts'

/** Reads `join`; null when there is none, or nothing to be made of it. `graceMs` is that of the watermark. */
export function readJoin(
  context: ReadContext,
  service: Section,
  graceMs: number
): JoinModel | null {
  const node = service.value('join')
  const at = service.keySpan('join')
  const section = node === null ? null : readSection(context, node, JOIN, at)
  if (section === null) return null
  const left = readSide(context, section, 'left')
  const right = readSide(context, section, 'right')
  const kind = section.text('kind')
  const bounds = readWithin(context, section)
  if (left === null || right === null) return null
  if (left.as === right.as) {
    const message = `both sides are called "${left.as}"`
    context.report.error(
      'NAME_DUPLICATE',
      section.keySpan('right'),
      message,
      'Give one another "as".'
    )
  }
  return {
    kind: kind === 'left' || kind === 'outer' ? kind : 'inner',
    left,
    right,
    ...bounds,
    graceMs,
    at
  }
}

function readSide(
  context: ReadContext,
  join: Section,
  side: 'left' | 'right'
): JoinSideModel | null {
  const node = join.value(side)
  const at = join.keySpan(side)
  const section = node === null ? null : readSection(context, node, JOIN_SIDE, at)
  if (section === null) return null
  const state = section.scalar('state')
  const source = section.scalar('source') ?? state
  if (source === null) {
    const isWritten = section.node.entries.some(({ key }) => key === 'source' || key === 'state')
    const message = `the ${side} side of the join needs "source", or "state"`
    if (!isWritten) context.report.error('MISSING_KEY', at, message, 'For example source: orders')
    return null
  }
  if (state !== null) checkStateSide(context, section)
  const type = section.text('type')
  const as = section.text('as') ?? side
  if (!/^[A-Za-z_][\w-]*$/.test(as)) {
    const message = `the name of a property must be letters, digits and hyphens, but is "${as}"`
    context.report.error('NAME_INVALID', section.keySpan('as'), message)
  }
  return {
    source: state === null ? source.text : '',
    sourceSpan: source,
    type: state !== null ? 'state' : type === 'table' || type === 'versions' ? type : 'stream',
    state: state === null ? null : toKebab(state.text),
    key: pathAt(context, section, 'key'),
    row: pathAt(context, section, 'row'),
    timestamp: pathAt(context, section, 'timestamp'),
    late: readLate(context, section),
    as,
    at
  }
}

/** A state has a key and one value for it: nothing else is to be said. */
function checkStateSide({ report }: ReadContext, section: Section): void {
  for (const key of ['source', 'type', 'key', 'row', 'timestamp', 'late']) {
    if (section.value(key) === null) continue
    const message = `${quoted(key)} is of sources, but this side is a state`
    report.error('JOIN_KIND', section.keySpan(key), message, 'Leave it out.')
  }
}

function readWithin(context: ReadContext, join: Section): Pick<JoinModel, 'within' | 'withinSpan'> {
  const withinSpan = join.keySpan('within')
  const node = join.value('within')
  const section = node === null ? null : readSection(context, node, WITHIN, withinSpan)
  if (section === null) return { within: null, withinSpan }
  if (section.value('before') === null && section.value('after') === null) {
    context.report.error('MISSING_KEY', withinSpan, '"within" needs "before" or "after"')
  }
  const beforeMs = section.duration('before') ?? 0
  return { within: { beforeMs, afterMs: section.duration('after') ?? 0 }, withinSpan }
}
