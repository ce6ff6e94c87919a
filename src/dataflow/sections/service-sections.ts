// The sections of a service: sources, states, transforms, partition, sinks, and the steps in them.
import type { KeySpec, SectionSpec } from './declare.ts'
import { KEY_KEYS, TIMESTAMP_KEYS } from './aggregate-sections.ts'
import { BRANCH_KEYS, STEP_KEYS } from './condition-sections.ts'
import { SERVICE_ERRORS_KEY } from './file-sections.ts'

const UNAVAILABLE = { kind: 'unavailable' } as const

export const SERVICE: SectionSpec = {
  name: 'service',
  doc: `One piece of work: what it reads, keeps and writes. A record passes
sources → transforms → window → partition (assign-key, transforms, update-state) → sinks, each with transforms
of its own.`,
  keys: [
    {
      key: 'sources',
      value: { kind: 'list', of: 'source' },
      required: true,
      doc: 'What it reads; several are merged.',
      example: '[{ type: topic, id: sentences }]'
    },
    {
      key: 'states',
      value: { kind: 'list-or-map', of: 'state' },
      doc: 'What it remembers, and what it reads of other services.'
    },
    {
      key: 'transforms',
      value: { kind: 'list', of: 'step' },
      doc: 'Steps for every record, in order.'
    },
    {
      key: 'partition',
      value: { kind: 'section', section: 'partition' },
      doc: 'Steps by key, and the only place where owned states change.'
    },
    {
      key: 'sinks',
      value: { kind: 'list', of: 'sink' },
      doc: 'Where results go; each gets all of them.'
    },
    SERVICE_ERRORS_KEY,
    {
      key: 'window',
      value: { kind: 'section', section: 'window' },
      doc: 'Bounds the stream into windows, with a partition and states for each of them.'
    },
    {
      key: 'join',
      value: { kind: 'section', section: 'join' },
      since: '1.0.0',
      doc: 'Brings the records of two sources together; the transforms get the pairs.'
    },
    {
      key: 'watermark',
      value: { kind: 'section', section: 'watermark' },
      since: '1.0.0',
      doc: 'In a service without a window: how far event time has come, for the services behind it.'
    },
    {
      key: 'assign-timestamp',
      value: { kind: 'section', section: 'assign-timestamp' },
      since: '1.0.0',
      doc: 'In a service without a window: gives records the time at which they happened.'
    },
    {
      key: 'migrate',
      value: { kind: 'section', section: 'service migrate' },
      since: '1.0.0',
      doc: 'What becomes of what a data directory holds of the service, once it has changed.'
    }
  ]
}

const ID_KEY: KeySpec = {
  key: 'id',
  value: { kind: 'text' },
  required: true,
  doc: 'Id of a topic of the file.',
  example: 'sentences'
}
const TRANSFORMS_KEY: KeySpec = {
  key: 'transforms',
  aliases: ['steps'],
  value: { kind: 'list', of: 'step' },
  doc: 'Steps between this topic and the service.'
}

export const SOURCE: SectionSpec = {
  name: 'source',
  doc: 'A topic or a schedule that a service reads. All sources of a service must come to one type.',
  example: 'sources:\n  - { type: topic, id: sentences }',
  keys: [
    {
      key: 'type',
      value: { kind: 'choice', of: ['topic', 'schedule'] },
      required: true,
      doc: 'The kind of source.',
      example: 'topic'
    },
    { ...ID_KEY, doc: 'Id of a topic, or of a schedule, of the file.' },
    TRANSFORMS_KEY
  ]
}

export const SINK: SectionSpec = {
  name: 'sink',
  doc: 'A topic that a service writes. The last type must be the topic’s. Sinks of the type function have other keys.',
  example: 'sinks:\n  - { type: topic, id: counts }',
  keys: [
    {
      key: 'type',
      value: { kind: 'choice', of: ['topic', 'function'], unavailable: ['no-target'] },
      required: true,
      doc: 'The kind of sink.',
      example: 'topic'
    },
    ID_KEY,
    ...BRANCH_KEYS,
    TRANSFORMS_KEY
  ]
}

export const FUNCTION_SINK: SectionSpec = {
  name: 'function sink',
  doc: `A stateful function that gets each value as a message, exactly once and in the order of the records of its id.
The functions of a run stand in module files or files of --functions. Scalars arrive as the types that all SDKs share
(text as io.statefun.types/string, bool, whole numbers of up to 32 bits as int, others as long, f32 as float, f64 as
double), bytes as they are, everything else as JSON.`,
  example: `sinks:
  - type: function
    function: example/account
    value-type: example/Transfer
    assign-id:
      run: |
        function byAccount(transfer: Transfer): string { return transfer.account }`,
  keys: [
    {
      key: 'type',
      value: { kind: 'choice', of: ['function'] },
      required: true,
      doc: 'The kind of sink.',
      example: 'function'
    },
    {
      key: 'function',
      value: { kind: 'text' },
      since: '1.0.0',
      required: true,
      doc: 'Type of the function: namespace/name.',
      example: 'example/account'
    },
    {
      key: 'value-type',
      value: { kind: 'text' },
      since: '1.0.0',
      default: 'that of the scalar',
      doc: 'Typename of the messages; needed where the value is no text, number or bool.',
      example: 'example/Transfer'
    },
    {
      key: 'assign-id',
      value: { kind: 'section', section: 'assign-key' },
      since: '1.0.0',
      default: 'the record’s key',
      doc: 'What gives the id: a function or a field.'
    },
    ...BRANCH_KEYS,
    {
      key: 'transforms',
      aliases: ['steps'],
      value: { kind: 'list', of: 'step' },
      doc: 'Steps between the service and the function.'
    }
  ]
}

export const PARTITION: SectionSpec = {
  name: 'partition',
  doc: 'Divides the stream by key: records with one key are handled one after the other, with that key’s state.',
  keys: [
    {
      key: 'assign-key',
      value: { kind: 'section', section: 'assign-key' },
      required: true,
      doc: 'What gives a record’s key: a function or a field.'
    },
    {
      key: 'dedup',
      value: { kind: 'section', section: 'dedup' },
      since: '1.0.0',
      doc: 'Lets only the first record of a key pass, before everything else under the key.'
    },
    { key: 'transforms', value: { kind: 'list', of: 'step' }, doc: 'Steps under the key.' },
    {
      key: 'update-state',
      value: { kind: 'section', section: 'function' },
      doc: 'The function that changes the state. In 1.0.0 what it returns goes on to the sinks; before, nothing does.'
    },
    {
      key: 'aggregate',
      value: { kind: 'map', of: 'aggregate' },
      since: '1.0.0',
      doc:
        'Instead of update-state: what is kept for each key and goes on to the sinks, by property. Without a window ' +
        'with every record, in a window when it closes. The state is called aggregate.'
    }
  ]
}

const CODE_KEYS: readonly KeySpec[] = [
  {
    key: 'run',
    value: { kind: 'code' },
    doc: 'One TypeScript function declaration; its name in kebab-case names the operator.',
    example: '|'
  },
  {
    key: 'uses',
    value: { kind: 'text' },
    doc:
      'An exported function instead: ./file.ts#name beside the dataflow file, or package#name; or the name of an ' +
      'imported function.',
    example: './lib.ts#countUp'
  },
  {
    key: 'with',
    value: { kind: 'map', of: 'parameter' },
    doc: 'Parameters that the function reads as ctx.params, each a text.',
    example: '{ limit: "10" }'
  },
  {
    key: 'lang',
    value: { kind: 'choice', of: ['typescript'], also: ['rust'] },
    default: 'typescript',
    doc: 'Language of run.'
  },
  {
    key: 'dependencies',
    aliases: ['adaptors', 'capabilities'],
    value: UNAVAILABLE,
    doc: 'Import packages in a module and name its function by "uses".'
  },
  {
    key: 'states',
    value: { kind: 'list', of: 'state' },
    until: '0.6.0',
    withoutEffect: true,
    doc: 'A function sees all states of its service.'
  },
  {
    key: 'inputs',
    value: { kind: 'list', of: 'input' },
    until: '0.6.0',
    doc: 'Restates what arrives.'
  },
  {
    key: 'output',
    value: { kind: 'section', section: 'output' },
    until: '0.6.0',
    doc: 'Restates what leaves.'
  }
]

export const STEP: SectionSpec = {
  name: 'step',
  doc: 'An operator with its function: run or uses, or what stands for one, where or fields.',
  example: `- { operator: filter, where: { matches: '[a-z]' } }
- operator: filter
  run: |
    function isLong(word: string): boolean { return word.length > 3 }
- operator: map
  uses: ./words.ts#shout
  with: { mark: '!' }`,
  keys: [
    {
      key: 'operator',
      value: { kind: 'text' },
      required: true,
      doc: 'One of the operators below.',
      example: 'map'
    },
    ...CODE_KEYS,
    ...STEP_KEYS
  ]
}

/** A function where the place already says the operator: assign-key and update-state. */
export const FUNCTION: SectionSpec = {
  name: 'function',
  doc: 'A function whose operator is given by its place.',
  example: `assign-key:
  run: |
    function byWord(word: string): string { return word }`,
  keys: [
    {
      key: 'operator',
      value: { kind: 'text' },
      until: '0.6.0',
      doc: 'May repeat the place’s operator.'
    },
    ...CODE_KEYS
  ]
}

/** A key by function or by field. */
export const ASSIGN_KEY: SectionSpec = {
  name: 'assign-key',
  doc: 'What gives a record’s key: a function (run or uses), a field, several fields, or a constant.',
  example: 'assign-key: { field: word }',
  keys: [...FUNCTION.keys, ...KEY_KEYS]
}

/** A time by function or by field. */
export const ASSIGN_TIMESTAMP: SectionSpec = {
  name: 'assign-timestamp',
  doc:
    'What gives the time at which a record happened, in milliseconds since 1970: a function (run or ' +
    'uses), or a field.',
  example: 'assign-timestamp: { field: at }',
  keys: [...FUNCTION.keys, ...TIMESTAMP_KEYS]
}

/** One item of `inputs`. */
export const INPUT: SectionSpec = {
  name: 'input',
  doc: 'A declared input.',
  keys: [
    { key: 'name', value: { kind: 'text' }, doc: 'Name of the parameter.' },
    {
      key: 'kind',
      value: { kind: 'choice', of: ['key', 'value'] },
      default: 'value',
      doc: 'Whether the key or the value arrives.'
    }
  ]
}

/** Keys that `inputs` and `output` have beside those of a type. */
export const OUTPUT_KEYS: readonly KeySpec[] = [
  { key: 'optional', value: { kind: 'boolean' }, default: 'false', doc: 'May be absent.' },
  { key: 'list', value: { kind: 'boolean' }, default: 'false', doc: 'Several.' }
]

export const STATE: SectionSpec = {
  name: 'state',
  doc: 'A value per key that survives restarts. Exactly one service owns it; others read it.',
  example: `states:
  count-per-word: { type: keyed-state, properties: { key: string, value: u32 } }
  balances: { from: account.balance }`,
  keys: [
    {
      key: 'type',
      value: { kind: 'choice', of: ['keyed-state'] },
      since: '0.4.0',
      doc: 'keyed-state: owned by this service.'
    },
    {
      key: 'type',
      value: { kind: 'choice', of: ['keyed-state', 'key-value'] },
      until: '0.3.0',
      doc: 'Owned by this service.'
    },
    {
      key: 'properties',
      value: { kind: 'section', section: 'key and value' },
      doc: 'Types of key (a scalar) and value (any type; arrow-row for a row).'
    },
    {
      key: 'ttl',
      value: { kind: 'duration' },
      since: '1.0.0',
      doc: 'Values that were not updated for so long are removed.',
      example: '30d'
    },
    {
      key: 'ttl-after',
      value: { kind: 'choice', of: ['write', 'access'] },
      since: '1.0.0',
      default: 'write',
      doc: 'What a ttl counts from: the last update, or also the last read by a function of the owning service.'
    },
    {
      key: 'windowed',
      value: { kind: 'boolean' },
      since: '1.0.0',
      default: 'true',
      doc: 'In a service with a window: whether it is kept for each window. `false` keeps it as without a window.'
    },
    {
      key: 'from',
      value: { kind: 'text' },
      doc: 'service.state: reads another service’s state, as of all records before.',
      example: 'account.balance'
    },
    {
      key: 'uses',
      value: { kind: 'text' },
      since: '0.4.0',
      doc: 'Name of an imported state: owned by this service, with the types of the package.',
      example: 'count-per-word'
    },
    {
      key: 'name',
      value: { kind: 'text' },
      until: '0.4.0',
      doc: 'Its name, where states are a list.'
    },
    {
      key: 'migrate',
      value: { kind: 'section', section: 'migrate' },
      since: '1.0.0',
      doc: 'What becomes of what a data directory holds of the state, once its name or type has changed.'
    },
    { key: 'system', value: UNAVAILABLE, doc: 'Only keyed-state and from are.' }
  ]
}
