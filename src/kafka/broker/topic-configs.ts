// Topic configurations of Kafka and what they are here: three of them are the log's, the others say how it is.
import { BATCH_BYTES_MAX } from '../../base/index.ts'
import type { TopicSpec } from '../../log/index.ts'

/** One configuration of a topic, as it stands. */
export interface TopicConfig {
  readonly name: string
  readonly value: string
  readonly isDefault: boolean
  /** Whether it can be changed. */
  readonly isFixed: boolean
  readonly doc: string
}

/** Changes of a topic, or what is wrong with them. */
export type SpecChanges = { readonly changes: Partial<TopicSpec> } | { readonly problem: string }

interface KnownConfig {
  readonly doc: string
  read(spec: TopicSpec): string
  /** The change for a value (null: back to the default); a text says what is wrong. Absent: fixed. */
  readonly change?: (value: string | null) => Partial<TopicSpec> | string
}

const WITHOUT_BOUND = '-1'

function bound(name: string, value: string | null): number | null | string {
  if (value === null || value.trim() === WITHOUT_BOUND) return null
  const number = Number(value)
  if (Number.isSafeInteger(number) && number >= 0 && value.trim() !== '') return number
  return `${name} is "${value}"; expected a whole number from 0 on, or −1 for no bound`
}

function boundOf(
  key: 'retentionMs' | 'retentionBytes',
  name: string
): NonNullable<KnownConfig['change']> {
  return value => {
    const parsed = bound(name, value)
    return typeof parsed === 'string' ? parsed : { [key]: parsed }
  }
}

const KNOWN: Readonly<Record<string, KnownConfig>> = {
  'cleanup.policy': {
    doc: 'delete drops what retention no longer covers; compact keeps the last record of each key.',
    read: spec => spec.cleanup,
    change: value => {
      if (value === null || value === 'delete') return { cleanup: 'delete' }
      if (value === 'compact') return { cleanup: 'compact' }
      return `cleanup.policy is "${value}"; expected delete or compact, one of them`
    }
  },
  'retention.ms': {
    doc: 'Age in milliseconds at which records may be dropped; −1 is never.',
    read: spec => String(spec.retentionMs ?? WITHOUT_BOUND),
    change: boundOf('retentionMs', 'retention.ms')
  },
  'retention.bytes': {
    doc: 'Bytes of a partition beyond which its oldest records may be dropped; −1 is without bound.',
    read: spec => String(spec.retentionBytes ?? WITHOUT_BOUND),
    change: boundOf('retentionBytes', 'retention.bytes')
  },
  'max.message.bytes': {
    doc: 'Largest batch of records.',
    read: () => String(BATCH_BYTES_MAX)
  },
  'compression.type': { doc: 'Batches are kept as producers send them.', read: () => 'producer' },
  'message.timestamp.type': {
    doc: 'Records keep the time of their producer.',
    read: () => 'CreateTime'
  },
  'min.insync.replicas': { doc: 'There is one node.', read: () => '1' }
}

/** Names of those that can be changed. */
export const CHANGEABLE: readonly string[] = Object.keys(KNOWN).filter(
  name => KNOWN[name]?.change !== undefined
)

/** All configurations of a topic. */
export function describeConfig(spec: TopicSpec): readonly TopicConfig[] {
  return Object.entries(KNOWN).map(([name, config]) => {
    const value = config.read(spec)
    const isDefault = value === config.read(DEFAULTS)
    return { name, value, isDefault, isFixed: config.change === undefined, doc: config.doc }
  })
}

const DEFAULTS: TopicSpec = {
  partitions: 1,
  cleanup: 'delete',
  retentionMs: null,
  retentionBytes: null,
  internal: false
}

/** What configurations ask of a topic. A fixed one may be given with the value that it has. */
export function specOfConfigs(
  configs: readonly { readonly name: string; readonly value: string | null }[]
): SpecChanges {
  let changes: Partial<TopicSpec> = {}
  for (const { name, value } of configs) {
    const known = Object.hasOwn(KNOWN, name) ? KNOWN[name]! : null
    if (known === null) {
      return { problem: `${name} is not known; expected one of ${Object.keys(KNOWN).join(', ')}` }
    }
    if (known.change === undefined) {
      const fixed = known.read(DEFAULTS)
      if (value === null || value === fixed) continue
      return { problem: `${name} is "${value}"; here it is always ${fixed}` }
    }
    const change = known.change(value)
    if (typeof change === 'string') return { problem: change }
    changes = { ...changes, ...change }
  }
  return { changes }
}
