// All declared sections, in the order in which the reference explains them.
import { AGGREGATE, DEDUP } from './aggregate-sections.ts'
import { CONDITION, PICKED } from './condition-sections.ts'
import type { KeySpec, SectionSpec } from './declare.ts'
import * as file from './file-sections.ts'
import { JOIN, JOIN_SIDE, WITHIN } from './join-sections.ts'
import { FILE_MIGRATE, SERVICE_MIGRATE, STATE_MIGRATE, TOPIC_MIGRATE } from './migrate-sections.ts'
import * as old from './old-sections.ts'
import * as packages from './package-sections.ts'
import * as service from './service-sections.ts'
import * as test from './test-sections.ts'
import * as type from './type-sections.ts'
import * as window from './window-sections.ts'

/** Sections that belong together under one heading. */
export interface SectionGroup {
  readonly title: string
  readonly doc: string
  readonly sections: readonly SectionSpec[]
}

const keysOnly = (name: string, doc: string, keys: readonly KeySpec[]): SectionSpec => ({
  name,
  doc,
  keys
})

/** Every section of every layout. */
export const SECTIONS: readonly SectionGroup[] = [
  {
    title: 'The file',
    doc: 'A dataflow file says which topics there are, which types their values have, and what services do with them.',
    sections: [
      file.FILE,
      file.META,
      file.CONFIG,
      file.CONSUMER,
      file.STARTING_OFFSET,
      file.PRODUCER,
      file.REGISTRY,
      file.ERRORS,
      file.SCHEDULE
    ]
  },
  {
    title: 'Topics',
    doc: 'Entries of the section `topics`, by an id that the rest of the file uses.',
    sections: [
      file.TOPIC,
      file.SCHEMA,
      keysOnly(
        'converter',
        'Keys of `schema.key` and `schema.value` beside those of their type.',
        file.SCHEMA_SIDE_KEYS
      ),
      file.RETENTION
    ]
  },
  {
    title: 'Types',
    doc:
      'Entries of the section `types`, and every place that takes a type. Scalars are ' +
      '`bool`, `u8` `u16` `u32` `u64`, ' +
      '`s8` `s16` `s32` `s64` (also `i8` …), `f32` `f64`, `string`, `bytes`, `decimal` (a text), `timestamp` ' +
      '(milliseconds since 1970) and `null`. Names are kebab-case in the file and PascalCase in functions: ' +
      '`word-count` is `WordCount`. A type must not contain itself.',
    sections: [
      type.TYPE_SCALAR,
      type.TYPE_OBJECT,
      keysOnly(
        'property',
        'Keys of a property of an object beside those of its type.',
        type.PROPERTY_KEYS
      ),
      type.RENAME,
      type.TYPE_ENUM,
      keysOnly('variant', 'Keys of a case of an enum beside those of its type.', type.VARIANT_KEYS),
      type.TYPE_LIST,
      type.TYPE_MAP,
      type.TYPE_OPTION,
      type.TYPE_KEY_VALUE,
      type.TYPE_ROW,
      type.TYPE_IMPORT,
      keysOnly('type-name', 'Key of every composite type that stands inside another.', [
        type.TYPE_NAME_KEY
      ])
    ]
  },
  {
    title: 'Services',
    doc:
      'Entries of the section `services`. Names are compared in kebab-case. Services that ' +
      'share a topic form a chain; ' +
      'a circle is refused.',
    sections: [
      service.SERVICE,
      service.SOURCE,
      service.SINK,
      service.FUNCTION_SINK,
      service.STATE,
      type.KEY_AND_VALUE,
      service.PARTITION,
      service.ASSIGN_KEY,
      AGGREGATE,
      DEDUP,
      service.STEP,
      CONDITION,
      PICKED,
      service.FUNCTION
    ]
  },
  {
    title: 'Time and windows',
    doc: 'The section `window` of a service, and event time. How they work: [windows](../windows.md).',
    sections: [
      window.WINDOW,
      window.TUMBLING,
      window.SLIDING,
      window.SESSION,
      window.COUNT,
      window.GLOBAL,
      window.WATERMARK,
      service.ASSIGN_TIMESTAMP,
      window.WINDOW_PARTITION,
      window.EARLY,
      window.LATE
    ]
  },
  {
    title: 'Joins',
    doc: 'The section `join` of a service. How they work: [joins](../joins.md).',
    sections: [JOIN, JOIN_SIDE, WITHIN]
  },
  {
    title: 'Upgrades',
    doc:
      'The key `migrate`: what becomes of stored data when a file has changed. ' +
      'How it works: [upgrades](../upgrades.md).',
    sections: [STATE_MIGRATE, SERVICE_MIGRATE, TOPIC_MIGRATE, FILE_MIGRATE]
  },
  {
    title: 'Packages',
    doc: 'What files share: packages, and how files import from them. How they work: [packages](../packages.md).',
    sections: [
      packages.IMPORT,
      packages.IMPORTED_NAME,
      packages.DEV,
      packages.DEV_IMPORT,
      packages.PACKAGE,
      packages.PACKAGE_STATE,
      packages.PACKAGE_FUNCTION
    ]
  },
  {
    title: 'Test files',
    doc: 'Files of cases that `millrace test` runs. How they work: [packages](../packages.md#tests).',
    sections: [
      test.TEST_FILE,
      test.CASE,
      test.FUNCTION_CASE,
      test.RECORD,
      test.EXPECTED,
      test.DEAD_LETTER
    ]
  },
  {
    title: 'Older layouts',
    doc:
      'Files of 0.1.0 to 0.4.0 are read into the same plan. Before 1.0.0 what an `update-state` returns is dropped, ' +
      'everything is `raw` unless a converter is named, and `group-by` and `process` mean `assign-key` and ' +
      '`update-state`. Up to 0.5.0 fields are snake_case and variants UpperCamelCase in JSON. Functions in Rust are ' +
      'refused with their place: they must be written in TypeScript.',
    sections: [
      old.OLD_SERVICE,
      old.OLD_TRANSFORMS,
      old.OLD_WINDOW,
      old.SEED_FILE,
      old.SEED_OPERATION,
      old.SEED_FUNCTION,
      old.SEED_STATE,
      service.INPUT,
      keysOnly(
        'output',
        'Keys of `inputs` and `output` beside those of a type.',
        service.OUTPUT_KEYS
      )
    ]
  }
]
