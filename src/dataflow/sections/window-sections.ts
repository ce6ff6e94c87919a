// The sections of event time and windows: when a record happened, which records belong together, when that is over.
import type { KeySpec, SectionSpec } from './declare.ts'
import { PARTITION } from './service-sections.ts'

const DURATION: Pick<KeySpec, 'value' | 'required' | 'example'> = {
  value: { kind: 'duration' },
  required: true,
  example: '10s'
}
const OFFSET: KeySpec = {
  key: 'offset',
  value: { kind: 'duration' },
  default: '0s',
  doc: 'Moves the bounds, which else are multiples of the length since 1970: with 1d and 22h a day begins at 22:00 UTC.'
}

export const TUMBLING: SectionSpec = {
  name: 'tumbling',
  doc: 'Windows of one length, one behind the other: each record is in one.',
  example: 'tumbling: { duration: 5s }',
  keys: [{ key: 'duration', ...DURATION, doc: 'Length of a window.' }, OFFSET]
}

export const SLIDING: SectionSpec = {
  name: 'sliding',
  doc: 'A window of `duration` begins every `slide`: each record is in all windows that cover it.',
  example: 'sliding: { duration: 1m, slide: 10s }',
  keys: [
    { key: 'duration', ...DURATION, doc: 'Length of a window.' },
    {
      key: 'slide',
      ...DURATION,
      doc: 'How far one window begins behind the last; at most `duration`.'
    },
    OFFSET
  ]
}

export const SESSION: SectionSpec = {
  name: 'session',
  doc: 'A window of each key, which ends once the key had no record for `gap`. Needs `merge` where states are owned.',
  example: 'session: { gap: 30m }',
  keys: [
    {
      key: 'gap',
      ...DURATION,
      doc: 'Silence that ends a session. Records less than this apart are one session.'
    }
  ]
}

export const COUNT: SectionSpec = {
  name: 'count',
  doc: 'A window of each key, which ends with its `records`-th record.',
  example: 'count: { records: 100 }',
  keys: [
    {
      key: 'records',
      value: { kind: 'integer', min: 1, max: 4_294_967_295 },
      required: true,
      doc: 'Records of a window.',
      example: '100'
    }
  ]
}

export const GLOBAL: SectionSpec = {
  name: 'global',
  doc: 'One window for everything. It ends when the dataflow is drained; until then `early` gives results.',
  example: 'global: {}',
  keys: []
}

export const WATERMARK: SectionSpec = {
  name: 'watermark',
  doc:
    'How far event time has come: each partition of each source has the time of its newest record less ' +
    '`out-of-orderness`; the service has the least of them.',
  example: 'watermark: { out-of-orderness: 2s, idleness: 30s, grace-period: 10s }',
  keys: [
    {
      key: 'out-of-orderness',
      value: { kind: 'duration' },
      since: '1.0.0',
      default: '0s',
      doc: 'How much older than the newest record of its partition a record may be.'
    },
    {
      key: 'idleness',
      value: { kind: 'duration' },
      doc:
        'A partition without records for so long, by the clock, holds nobody back; when all are without, the open ' +
        'windows close. Default: never.'
    },
    {
      key: 'grace-period',
      value: { kind: 'duration' },
      default: '0s',
      doc: 'How long after its end, in event time, a window still takes records. It closes, with its result, then.'
    },
    {
      key: 'future-bound',
      value: { kind: 'duration' },
      since: '1.0.0',
      default: '1d',
      doc: 'How far ahead of the clock a timestamp may be; a record beyond fails, for it would close every window.'
    }
  ]
}

export const EARLY: SectionSpec = {
  name: 'early',
  doc: 'Results of windows that are still open; `ctx.window.isFinal` tells. At least one of the keys.',
  example: 'early: { every: 1s }',
  keys: [
    {
      key: 'every',
      value: { kind: 'duration' },
      doc: 'Every so often by the clock, of windows that got records since.'
    },
    {
      key: 'records',
      value: { kind: 'integer', min: 1, max: 4_294_967_295 },
      doc: 'With every so many records of a window.'
    }
  ]
}

export const LATE: SectionSpec = {
  name: 'late',
  doc:
    'Where records go that come too late for all their windows, as they arrive at the partition; of a side of ' +
    'a join, those before the watermark. The headers `millrace-late-window-end` (of windows), `-watermark`, ' +
    '`-service`, `-topic`, `-partition` and `-offset` say why and whence.',
  example: 'late: { type: topic, id: late-cars }',
  keys: [
    {
      key: 'type',
      value: { kind: 'choice', of: ['topic'] },
      required: true,
      doc: 'A topic.',
      example: 'topic'
    },
    {
      key: 'id',
      value: { kind: 'text' },
      required: true,
      doc: 'Id of a topic of the file.',
      example: 'late-cars'
    }
  ]
}

/** `assign-timestamp` and `watermark`, as they stand in a window and, without one, in a service. */
export const TIME_KEYS: readonly KeySpec[] = [
  {
    key: 'watermark',
    value: { kind: 'section', section: 'watermark' },
    doc: 'How far event time has come, and what is late.'
  },
  {
    key: 'assign-timestamp',
    value: { kind: 'section', section: 'assign-timestamp' },
    doc: 'The function that gives the time at which a record happened; without it, that of its production.'
  }
]

export const WINDOW_PARTITION: SectionSpec = {
  name: 'window partition',
  doc: 'The partition of a window: its states are those of the key in the window.',
  keys: [
    ...PARTITION.keys,
    {
      key: 'merge',
      value: { kind: 'section', section: 'function' },
      since: '1.0.0',
      doc:
        'Adds the states of one part of a window to those of another, for sessions that turn out to be one, and for ' +
        'sliding windows: with it each record is worked on once, in a part that several windows share.'
    },
    {
      key: 'flush',
      value: { kind: 'section', section: 'function' },
      since: '1.0.0',
      doc: 'Gives the result of one key when the window closes. Unlike `flush` of the window it runs in all tasks.'
    }
  ]
}

export const WINDOW: SectionSpec = {
  name: 'window',
  doc:
    'Bounds the stream: exactly one of tumbling, sliding, session, count and global says how. The states of the ' +
    'service are kept for each key and window, begin at their zeros, and end with the window.',
  example: `window:
  tumbling: { duration: 5s }
  watermark: { out-of-orderness: 1s }
  partition:
    assign-key:
      run: |
        function byWord(word: string): string { return word }
    update-state:
      run: |
        function countUp(word: string, ctx: Context): void { ctx.state.countPerWord.update(n => n + 1) }
  flush:
    run: |
      function total(ctx: Context): u32 { return [...ctx.state.countPerWord.entries()].length }`,
  keys: [
    {
      key: 'tumbling',
      value: { kind: 'section', section: 'tumbling' },
      doc: 'Windows of one length.'
    },
    {
      key: 'sliding',
      value: { kind: 'section', section: 'sliding' },
      doc: 'Windows that overlap.'
    },
    {
      key: 'session',
      value: { kind: 'section', section: 'session' },
      since: '1.0.0',
      doc: 'Windows that end with silence.'
    },
    {
      key: 'count',
      value: { kind: 'section', section: 'count' },
      since: '1.0.0',
      doc: 'Windows of so many records.'
    },
    {
      key: 'global',
      value: { kind: 'section', section: 'global' },
      since: '1.0.0',
      doc: 'One window.'
    },
    {
      key: 'time',
      value: { kind: 'choice', of: ['event', 'processing'] },
      since: '1.0.0',
      default: 'event',
      doc: 'event: records are where their timestamps are. processing: where the clock is when they arrive.'
    },
    ...TIME_KEYS,
    {
      key: 'states',
      value: { kind: 'map', of: 'state' },
      since: '1.0.0',
      doc: 'States, as in the service.'
    },
    {
      key: 'transforms',
      value: { kind: 'list', of: 'step' },
      doc: 'Steps behind assign-timestamp.'
    },
    {
      key: 'partition',
      value: { kind: 'section', section: 'window partition' },
      required: true,
      doc: 'Steps by key.',
      example: '{ assign-key: … }'
    },
    {
      key: 'flush',
      value: { kind: 'section', section: 'function' },
      doc:
        'Gives the result of a window when it closes, over all its keys: `ctx.state.<name>.entries()`. All keys of ' +
        'the service are then in one task, unless windows belong to keys (session, count).'
    },
    {
      key: 'early',
      value: { kind: 'section', section: 'early' },
      since: '1.0.0',
      doc: 'Results before the end.'
    },
    {
      key: 'late',
      value: { kind: 'section', section: 'late' },
      since: '1.0.0',
      doc: 'Where late records go.'
    }
  ]
}
