// The sections that say what becomes of stored data when a file has changed.
import type { SectionSpec } from './declare.ts'
import { FUNCTION } from './service-sections.ts'

const CODE = FUNCTION.keys.filter(({ key }) => ['run', 'uses', 'lang'].includes(key))

/** The key `migrate` of states. */
export const STATE_MIGRATE: SectionSpec = {
  name: 'migrate',
  doc:
    'What becomes of what a data directory holds of the state, where that has another name or a type that this one ' +
    'does not read. It is done once, when the changed file starts; afterwards it may stay or go.',
  example: `states:
  totals:
    type: keyed-state
    properties: { key: string, value: { type: object, type-name: total, properties: { sum: u64, unit: string } } }
    migrate:
      rename-from: sums
      run: |
        function addUnit(sum: u32): Total { return { sum, unit: 'EUR' } }`,
  keys: [
    {
      key: 'rename-from',
      value: { kind: 'text' },
      doc: 'The state that it was: state of the same service, or service.state.',
      example: 'sums'
    },
    {
      key: 'defaults',
      value: { kind: 'map', of: 'value' },
      doc: 'Values of fields that are new, for what is stored without them.',
      example: '{ unit: EUR }'
    },
    ...CODE,
    {
      key: 'drop',
      value: { kind: 'boolean' },
      default: 'false',
      doc: 'What is stored with a type that does not fit is removed, and the state begins empty.'
    }
  ]
}

/** The key `migrate` of services. */
export const SERVICE_MIGRATE: SectionSpec = {
  name: 'service migrate',
  doc: 'What becomes of what a data directory holds of the service.',
  example: `services:
  count-words:
    migrate: { rename-from: count }
    sources: [{ type: topic, id: sentences }]`,
  keys: [
    {
      key: 'rename-from',
      value: { kind: 'text' },
      doc: 'The service that it was: it goes on with its states and windows.',
      example: 'count'
    },
    {
      key: 'drop',
      value: { kind: 'boolean' },
      default: 'false',
      doc: 'States, open windows and what joins wait with are removed where they do not fit, and begin empty.'
    }
  ]
}

/** The key `migrate` of topics. */
export const TOPIC_MIGRATE: SectionSpec = {
  name: 'topic migrate',
  doc: 'What becomes of records of the topic that were written with another type.',
  example: 'orders:\n  schema: { value: { type: string } }\n  migrate: { accept: true }',
  keys: [
    {
      key: 'accept',
      value: { kind: 'boolean' },
      default: 'false',
      doc:
        'They stay as they are, although the new type does not read them; those that are still to be processed ' +
        'become dead letters.'
    }
  ]
}

/** The key `migrate` of the file. */
export const FILE_MIGRATE: SectionSpec = {
  name: 'file migrate',
  doc:
    'What becomes of what a data directory holds and the file no longer has. Without it states stay on the disk, ' +
    'unused.',
  example: 'migrate: { drop: [count.sums], abandon: [old-orders] }',
  keys: [
    {
      key: 'drop',
      value: { kind: 'list', of: 'name' },
      doc: 'Services, or states as service.state, whose data is removed.',
      example: '[count.sums]'
    },
    {
      key: 'abandon',
      value: { kind: 'list', of: 'name' },
      doc: 'Topics, or schedules, that are no longer read, although they hold something that was not processed.',
      example: '[old-orders]'
    }
  ]
}
