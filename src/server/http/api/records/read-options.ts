// How readers say from where they read, and how values are written: the same words for polls, events and sockets.
import { MillraceError } from '../../../../base/index.ts'
import { textForm } from '../../../text/text-form.ts'
import type { RecordForms } from '../../../out/record-lines.ts'
import type { ApiHost } from '../host.ts'
import type { ApiRequest } from '../request.ts'
import { inQuery } from '../route.ts'
import type { Parameter } from '../route.ts'
import { timeOf } from './new-records.ts'
import type { ReadFrom } from './reader.ts'

export type ValueForm = 'declared' | 'json' | 'text' | 'base64'

/** Parameters of everything that reads a topic. */
export const READ_PARAMETERS: readonly Parameter[] = [
  inQuery('partitions', 'Those to read, as `0,2`. Default: all.', {
    type: 'string',
    pattern: '^\\d{1,4}(,\\d{1,4})*$'
  }),
  inQuery(
    'from',
    'Where to begin in each partition: `beginning`, `end`, an offset, `-N` for the last N records, or a time as ' +
      '`2026-11-21T10:00:00Z`.',
    { type: 'string', default: 'beginning' }
  ),
  inQuery(
    'position',
    'Where to go on, as an earlier answer said: `0:16,1:20`. Counts before `from`.',
    {
      type: 'string',
      pattern: '^\\d{1,4}:\\d{1,16}(,\\d{1,4}:\\d{1,16})*$'
    }
  ),
  inQuery('group', 'Begin where this group has committed. Counts before `from`.', {
    type: 'string',
    minLength: 1
  }),
  inQuery(
    'values',
    'How keys and values are written: as the topic declares them, as JSON where they are, as text, or in base64.',
    { type: 'string', enum: ['declared', 'json', 'text', 'base64'], default: 'declared' }
  )
]

/** What a request reads. */
export function readRequest(
  request: ApiRequest,
  host: ApiHost,
  topic: string,
  lastEventId: string | null = null
): { topic: string; partitions: readonly number[] | null; from: ReadFrom; forms: RecordForms } {
  const partitions = request.text('partitions')
  const group = request.text('group')
  if (group !== null) request.require('read', 'group', group)
  return {
    topic,
    partitions: partitions === null ? null : [...new Set(partitions.split(',').map(Number))],
    from: fromOf({
      position: lastEventId ?? request.text('position'),
      group,
      from: request.text('from')
    }),
    forms: formsOf(host, topic, (request.text('values') ?? 'declared') as ValueForm)
  }
}

/** Where to begin; what stands first counts. @throws USAGE */
export function fromOf(given: {
  readonly position: string | null
  readonly group: string | null
  readonly from: string | null
}): ReadFrom {
  if (given.position !== null) return { kind: 'positions', offsets: positionOf(given.position) }
  if (given.group !== null) return { kind: 'group', group: given.group }
  const text = given.from ?? 'beginning'
  if (text === 'beginning' || text === 'end') return { kind: text }
  if (/^\d{1,16}$/.test(text)) return { kind: 'offset', offset: Number(text) }
  if (/^-\d{1,16}$/.test(text)) return { kind: 'last', records: -Number(text) }
  if (/^\d{4}-/.test(text)) return { kind: 'time', timestampMs: timeOf(text, 'from') }
  throw new MillraceError(
    'USAGE',
    `from is ${JSON.stringify(text)}; expected beginning, end, an offset, -N for the last N records, or a time as ` +
      '2026-11-21T10:00:00Z'
  )
}

/** Offsets by partition of `0:16,1:20`. @throws USAGE */
export function positionOf(text: string): ReadonlyMap<number, number> {
  const offsets = new Map<number, number>()
  for (const part of text.split(',')) {
    const match = /^(\d{1,4}):(\d{1,16})$/.exec(part.trim())
    if (match === null) {
      throw new MillraceError(
        'USAGE',
        `the position ${JSON.stringify(text)}; expected one as 0:16,1:20`
      )
    }
    offsets.set(Number(match[1]), Number(match[2]))
  }
  return offsets
}

/** How keys and values of a topic are written. */
export function formsOf(host: ApiHost, topic: string, values: ValueForm): RecordForms {
  switch (values) {
    case 'declared':
      return host.forms(topic)
    case 'json':
      return { key: textForm(null, 'raw'), value: textForm({ kind: 'string' }, 'json') }
    case 'text':
      return { key: textForm(null, 'raw'), value: textForm(null, 'raw') }
    case 'base64':
      return { key: textForm({ kind: 'bytes' }, 'raw'), value: textForm({ kind: 'bytes' }, 'raw') }
  }
}
