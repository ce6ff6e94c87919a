// The sections around the services: the file itself, meta, config, topics and the error policy.
import { PARTITIONS_MAX } from '../../base/index.ts'
import { API_VERSIONS, type KeySpec, type SectionSpec } from './declare.ts'

const UNAVAILABLE = { kind: 'unavailable' } as const
const CONVERTER = { kind: 'choice', of: ['json', 'raw', 'avro', 'protobuf'] } as const

const ERRORS_KEY: KeySpec = {
  key: 'errors',
  value: { kind: 'section', section: 'errors' },
  since: '1.0.0',
  doc: 'What happens to a record that fails; a service may say it differently for itself.'
}

/** The key `imports` of dataflow and package files. */
export const IMPORTS_KEY: KeySpec = {
  key: 'imports',
  value: { kind: 'list', of: 'import' },
  since: '0.4.0',
  doc: 'Types, states and functions of packages, used like those of the file.'
}

/** The key `dev` of dataflow and package files. */
export const DEV_KEY: KeySpec = {
  key: 'dev',
  value: { kind: 'section', section: 'dev' },
  since: '0.4.0',
  doc: 'What is different with `--dev`.'
}

const FILE_PACKAGE_KEYS: readonly KeySpec[] = [
  IMPORTS_KEY,
  {
    key: 'packages',
    value: { kind: 'list', of: 'package' },
    since: '0.4.0',
    doc: 'Packages that stand in the file itself; imports find them by their meta.'
  },
  DEV_KEY
]

export const FILE: SectionSpec = {
  name: 'the file',
  doc: 'The top level of a dataflow file.',
  keys: [
    {
      key: 'apiVersion',
      value: { kind: 'choice', of: API_VERSIONS },
      required: true,
      doc: 'Version of the file format. Older files are read by the naming rules of their version.',
      example: '1.0.0'
    },
    {
      key: 'meta',
      value: { kind: 'section', section: 'meta' },
      required: true,
      doc: 'Who the dataflow is.',
      example: '{ name: word-count }'
    },
    {
      key: 'config',
      value: { kind: 'section', section: 'config' },
      doc: 'Defaults for all topics.'
    },
    {
      key: 'types',
      value: { kind: 'map', of: 'type' },
      doc: 'Named types of values, states and function signatures.'
    },
    {
      key: 'topics',
      value: { kind: 'map', of: 'topic' },
      doc: 'Topics that services read and write, by the id that the file uses for them.'
    },
    {
      key: 'services',
      value: { kind: 'map', of: 'service' },
      required: true,
      doc: 'What is done. Services are linked by the topics they share.'
    },
    ERRORS_KEY,
    ...FILE_PACKAGE_KEYS,
    {
      key: 'migrate',
      value: { kind: 'section', section: 'file migrate' },
      since: '1.0.0',
      doc: 'What becomes of what a data directory holds and the file no longer has.'
    },
    {
      key: 'schedule',
      value: { kind: 'map', of: 'schedule' },
      since: '0.6.0',
      doc: 'Times at which sources of `type: schedule` give a record, by the id that they use.'
    }
  ]
}

export const SCHEDULE: SectionSpec = {
  name: 'schedule',
  doc:
    'When something happens without a record from outside. A source of `type: schedule` gets a tick at each of these ' +
    'times: an s64, the time itself in milliseconds since 1970, which is also the timestamp of the record. A tick ' +
    'and that it was given are one commit, so no restart gives one twice.',
  example: 'schedule:\n  each-morning: { cron: "30 7 * * MON-FRI", timezone: Europe/Berlin }',
  keys: [
    {
      key: 'cron',
      value: { kind: 'text' },
      required: true,
      doc:
        'Minute, hour, day of the month, month, day of the week; six fields begin with the second. Lists, ranges, ' +
        'steps, names (MON, JAN), L, W and #, and @hourly, @daily, @weekly, @monthly, @yearly.',
      example: '"*/5 * * * *"'
    },
    {
      key: 'timezone',
      value: { kind: 'text' },
      since: '1.0.0',
      default: 'UTC',
      doc:
        'IANA name of the time zone that the fields are in. A fixed time that a change of clocks leaves out comes ' +
        'right behind the gap; one that it repeats comes once.',
      example: 'Europe/Berlin'
    },
    {
      key: 'missed',
      value: { kind: 'choice', of: ['once', 'skip', 'all'] },
      since: '1.0.0',
      default: 'once',
      doc:
        'Ticks that nobody was there for, by more than ten seconds. once: the latest of them is given at the start; ' +
        'skip: none; all: each.'
    }
  ]
}

const REGISTRY_KEY: KeySpec = {
  key: 'registry',
  value: { kind: 'section', section: 'registry' },
  since: '1.0.0',
  doc: 'Schema registry of avro and protobuf: records begin with the id of their schema.'
}

export const REGISTRY: SectionSpec = {
  name: 'registry',
  doc:
    'A schema registry with the API of Confluent. Schemas of topics that are written are registered at the start, ' +
    'under the subject <topic>-value; those of records that are read are fetched by their ids.',
  example: 'registry: { url: "http://127.0.0.1:8081", auth-env: REGISTRY_AUTH }',
  keys: [
    {
      key: 'url',
      value: { kind: 'text' },
      required: true,
      doc: 'Where it answers, http or https.',
      example: '"http://127.0.0.1:8081"'
    },
    {
      key: 'auth-env',
      value: { kind: 'text' },
      doc: 'Name of the environment variable, or value of --env, that holds "user:password" or "Bearer <token>".'
    }
  ]
}

export const META: SectionSpec = {
  name: 'meta',
  doc: 'Identity of the dataflow. Its state and its place in the topics belong to the name.',
  example: 'meta: { name: word-count, namespace: examples, version: 0.1.0 }',
  keys: [
    {
      key: 'name',
      value: { kind: 'text' },
      required: true,
      doc: 'Lower-case letters, digits and hyphens.',
      example: 'word-count'
    },
    { key: 'namespace', value: { kind: 'text' }, default: 'default', doc: 'Group or owner.' },
    {
      key: 'version',
      value: { kind: 'text' },
      default: '0.1.0',
      doc: 'Three numbers, as in 1.2.3.'
    }
  ]
}

export const CONFIG: SectionSpec = {
  name: 'config',
  doc: 'Defaults for all topics. A topic with its own consumer or producer replaces the whole block.',
  example:
    'config:\n  converter: json\n  consumer: { default_starting_offset: { position: End, value: 0 } }',
  keys: [
    {
      key: 'converter',
      value: CONVERTER,
      default: 'raw for scalars, json for all other types',
      doc: 'How values become bytes.'
    },
    REGISTRY_KEY,
    {
      key: 'consumer',
      value: { kind: 'section', section: 'consumer' },
      doc: 'How topics are read.'
    },
    {
      key: 'producer',
      value: { kind: 'section', section: 'producer' },
      doc: 'How topics are written.'
    }
  ]
}

export const CONSUMER: SectionSpec = {
  name: 'consumer',
  doc: 'How a topic is read.',
  keys: [
    {
      key: 'default_starting_offset',
      aliases: ['default-starting-offset'],
      value: { kind: 'section', section: 'default_starting_offset' },
      default: '{ position: Beginning, value: 0 }',
      doc: 'Where a dataflow starts in a topic that it has never read.'
    },
    {
      key: 'max_bytes',
      value: { kind: 'integer', min: 1, max: 2 ** 31 - 1 },
      until: '0.6.0',
      withoutEffect: true,
      doc: 'Reads are sized by the runtime.'
    },
    {
      key: 'isolation',
      value: { kind: 'choice', of: ['ReadUncommitted', 'ReadCommitted'] },
      until: '0.6.0',
      withoutEffect: true,
      doc: 'Only committed records are ever read.'
    }
  ]
}

export const STARTING_OFFSET: SectionSpec = {
  name: 'default_starting_offset',
  doc: 'A place in a topic. Counts only until the dataflow has committed a place of its own.',
  example: 'default_starting_offset: { position: Beginning, value: 100 }',
  keys: [
    {
      key: 'position',
      // Comments of published files spell it with one n.
      value: {
        kind: 'choice',
        of: ['Beginning', 'End', 'Offset'],
        also: ['beginning', 'end', 'offset', 'Begining']
      },
      default: 'Beginning',
      doc: 'What the value counts from.'
    },
    {
      key: 'value',
      value: { kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER },
      default: '0',
      doc: 'Records after the beginning, records before the end, or the offset itself.'
    }
  ]
}

export const PRODUCER: SectionSpec = {
  name: 'producer',
  doc: 'How a topic is written.',
  keys: [
    {
      key: 'compression',
      value: { kind: 'choice', of: ['none', 'gzip', 'zstd'], unavailable: ['snappy', 'lz4'] },
      default: 'none',
      doc: 'Compression of record batches.'
    },
    {
      key: 'batch_size',
      value: { kind: 'size' },
      until: '0.6.0',
      withoutEffect: true,
      doc: 'A batch is what one commit writes.'
    },
    {
      key: 'linger_ms',
      value: { kind: 'integer', min: 0, max: 2 ** 31 - 1 },
      until: '0.6.0',
      withoutEffect: true,
      doc: 'Commits follow each other without waiting.'
    },
    {
      key: 'timeout_ms',
      value: { kind: 'integer', min: 0, max: 2 ** 31 - 1 },
      until: '0.6.0',
      withoutEffect: true,
      doc: 'The log is local.'
    },
    {
      key: 'isolation',
      value: { kind: 'choice', of: ['ReadUncommitted', 'ReadCommitted'] },
      until: '0.6.0',
      withoutEffect: true,
      doc: 'Every commit is durable before it is visible.'
    }
  ]
}

export const TOPIC: SectionSpec = {
  name: 'topic',
  doc: 'A topic: where records come from and go to. It is made when it does not exist.',
  example: `counts:
  name: word-counts
  partitions: 4
  schema: { key: { type: string }, value: { type: word-count, converter: json } }
  producer: { compression: zstd }
  retention: { time: 7d, size: 1GiB }`,
  keys: [
    { key: 'name', value: { kind: 'text' }, default: 'the id', doc: 'Name in the log.' },
    {
      key: 'schema',
      value: { kind: 'section', section: 'schema' },
      required: true,
      doc: 'Types of keys and values.',
      example: '{ value: { type: string } }'
    },
    { ...REGISTRY_KEY, doc: 'Schema registry of the topic; replaces config.registry.' },
    {
      key: 'partitions',
      value: { kind: 'integer', min: 1, max: PARTITIONS_MAX },
      since: '1.0.0',
      doc: 'Number of partitions when the topic must be made; by default what the run says.'
    },
    {
      key: 'consumer',
      value: { kind: 'section', section: 'consumer' },
      doc: 'How it is read; replaces config.consumer.'
    },
    {
      key: 'producer',
      value: { kind: 'section', section: 'producer' },
      doc: 'How it is written; replaces config.producer.'
    },
    {
      key: 'retention',
      value: { kind: 'section', section: 'retention' },
      since: '1.0.0',
      doc: 'How long records are kept; for ever by default.'
    },
    {
      key: 'cleanup',
      value: { kind: 'choice', of: ['delete', 'compact'] },
      since: '1.0.0',
      doc: 'delete drops what retention no longer covers; compact keeps the last record of each key.'
    },
    {
      key: 'migrate',
      value: { kind: 'section', section: 'topic migrate' },
      since: '1.0.0',
      doc: 'What becomes of records that were written with another type.'
    },
    {
      key: 'remote-cluster-profile',
      aliases: ['profile'],
      value: UNAVAILABLE,
      doc: 'All topics of a dataflow are in one log.'
    }
  ]
}

export const SCHEMA: SectionSpec = {
  name: 'schema',
  doc: 'Types of a topic. Keys may be absent on any record and are always raw.',
  keys: [
    { key: 'key', value: { kind: 'type' }, doc: 'A scalar type.' },
    {
      key: 'value',
      value: { kind: 'type' },
      required: true,
      doc: 'Any type, with a converter.',
      example: '{ type: string, converter: raw }'
    }
  ]
}

/** Keys that `schema.key` and `schema.value` have beside those of a type. */
export const SCHEMA_SIDE_KEYS: readonly KeySpec[] = [
  {
    key: 'converter',
    value: CONVERTER,
    default: 'config.converter',
    doc:
      'raw: the scalar as bytes (text as UTF-8, numbers big-endian). json: JSON text. avro, protobuf: by a schema ' +
      'that is made from the type, or that the type was imported from.'
  }
]

export const RETENTION: SectionSpec = {
  name: 'retention',
  doc: 'Bounds for what a topic keeps; what exceeds one of them may be dropped.',
  keys: [
    { key: 'time', value: { kind: 'duration' }, doc: 'Age of a record.', example: '7d' },
    { key: 'size', value: { kind: 'size' }, doc: 'Bytes of a partition.', example: '1GiB' }
  ]
}

export const ERRORS: SectionSpec = {
  name: 'errors',
  doc:
    'What happens to a record that cannot be decoded, has a value outside its type, or ' +
    'makes a function throw. Keys that a service leaves out are those of the file.',
  example: 'errors: { policy: dead-letter, retries: 3, backoff: 200ms }',
  keys: [
    {
      key: 'policy',
      value: { kind: 'choice', of: ['dead-letter', 'skip', 'fail'] },
      default: 'dead-letter',
      doc:
        'dead-letter writes it with its error to the topic <dataflow>.dead-letter, skip ' +
        'counts and drops it, fail stops the dataflow.'
    },
    {
      key: 'retries',
      value: { kind: 'integer', min: 0, max: 100 },
      default: '0',
      doc: 'Further tries of a function that threw, before the policy applies.'
    },
    {
      key: 'backoff',
      value: { kind: 'duration' },
      default: '100ms',
      doc: 'Wait before the first retry; doubles each time.'
    },
    {
      key: 'backoff-max',
      value: { kind: 'duration' },
      default: '10s',
      doc: 'Longest wait between two tries.'
    }
  ]
}

/** The key `errors` of a service. */
export const SERVICE_ERRORS_KEY: KeySpec = {
  ...ERRORS_KEY,
  doc: 'What happens to a record that fails in this service.'
}
