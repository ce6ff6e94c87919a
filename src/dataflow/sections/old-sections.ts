// Sections of the older layouts: services with steps (0.1.0 to 0.3.0) and the first one with operations (0.1.0).
import type { KeySpec, SectionSpec } from './declare.ts'
import { FILE } from './file-sections.ts'
import { SERVICE, STEP } from './service-sections.ts'
import { WINDOW } from './window-sections.ts'

const ANY_STEPS: KeySpec = {
  key: 'steps',
  value: { kind: 'list', of: 'step' },
  doc: 'Steps in order, with assign-key (once group-by) and update-state (once process) among them.'
}
const shared = (key: string): KeySpec => SERVICE.keys.find(spec => spec.key === key)!

/** A service of 0.1.0 to 0.3.0. */
export const OLD_SERVICE: SectionSpec = {
  name: 'service',
  doc: 'A service before 0.4.0: one source and sink or lists of them, and one list of steps.',
  example: `count:
  source: { type: topic, id: sentences }
  transforms:
    steps:
      - operator: map
        run: |
          function trim(text: string): string { return text.trim() }
  sink: { type: topic, id: trimmed }`,
  keys: [
    { key: 'source', value: { kind: 'section', section: 'source' }, doc: 'The only source.' },
    { ...shared('sources'), required: false },
    { ...shared('states'), doc: 'A list of states with names, or a mapping.' },
    { key: 'transforms', value: { kind: 'section', section: 'transforms' }, doc: 'The steps.' },
    { key: 'sink', value: { kind: 'section', section: 'sink' }, doc: 'The only sink.' },
    shared('sinks')
  ]
}

/** The window of a service of 0.1.0 to 0.3.0: its bounds alone. */
export const OLD_WINDOW: SectionSpec = {
  name: 'old window',
  doc: 'A window before 0.4.0: only its bounds; steps and flush stand beside it.',
  keys: WINDOW.keys.filter(({ key }) => ['tumbling', 'sliding', 'watermark'].includes(key))
}

export const OLD_TRANSFORMS: SectionSpec = {
  name: 'transforms',
  doc: 'Steps of a service before 0.4.0.',
  keys: [
    ANY_STEPS,
    { ...shared('states'), doc: 'A list of states with names, or a mapping.' },
    {
      key: 'window',
      value: { kind: 'section', section: 'old window' },
      doc: 'Bounds the steps; with assign-timestamp among them.'
    },
    {
      key: 'flush',
      value: { kind: 'section', section: 'function' },
      doc: 'The result of a window.'
    }
  ]
}

/** The first layout's file; every other key at the top is an operation. */
export const SEED_FILE: SectionSpec = {
  name: 'the file',
  doc: 'The first layout (0.1.0): no services, but operations at the top level, each under its name.',
  example: `apiVersion: 0.1.0
meta: { name: words, namespace: examples, version: 0.1.0 }
functions:
  is-long:
    type: filter
    inputs: [{ name: word, type: string }]
    output: { type: bool }
    run: |
      function isLong(word: string): boolean { return word.length > 3 }
keep-long:
  source: { words: {} }
  steps:
    - operator: filter
      uses: is-long
  sink: { long-words: {} }`,
  keys: [
    ...FILE.keys.filter(key =>
      ['apiVersion', 'meta', 'config', 'types', 'topics'].includes(key.key)
    ),
    {
      key: 'functions',
      value: { kind: 'map', of: 'declared function' },
      doc: 'Functions that steps use by name.'
    },
    {
      key: 'states',
      value: { kind: 'map', of: 'declared state' },
      doc: 'States with the names by which operations use them.'
    }
  ]
}

export const SEED_OPERATION: SectionSpec = {
  name: 'operation',
  doc: 'One piece of work of the first layout; a service of its name.',
  keys: [
    {
      key: 'states',
      aliases: ['state'],
      value: { kind: 'list', of: 'interface' },
      doc: 'Interfaces of states that it uses. The first operation that updates a state owns it; others read it.'
    },
    {
      key: 'source',
      aliases: ['sources'],
      value: { kind: 'map', of: 'topic type' },
      required: true,
      doc: 'Topics that it reads, each with its type; string when nothing is said.',
      example: '{ words: {} }'
    },
    { ...ANY_STEPS, doc: 'Steps in order, each with an operator and the function that it uses.' },
    {
      key: 'sink',
      aliases: ['sinks'],
      value: { kind: 'map', of: 'topic type' },
      doc: 'Topics that it writes, each with its type.'
    }
  ]
}

/** A function of the section `functions`. */
export const SEED_FUNCTION: SectionSpec = {
  name: 'declared function',
  doc: 'A function of the first layout. Without run and uses it is the export of its camelCase name of ./functions.ts.',
  keys: [
    {
      key: 'type',
      value: { kind: 'text' },
      required: true,
      doc: 'The operator that it is for.',
      example: 'filter'
    },
    ...STEP.keys.filter(key => key.key !== 'operator' && key.key !== 'states')
  ]
}

/** Keys of a state of the first layout beside its type; all others are interfaces. */
export const SEED_STATE: SectionSpec = {
  name: 'declared state',
  doc:
    'A state of the first layout: its type, and the names (interfaces) by which ' +
    'operations list it. Keys are strings unless properties say otherwise.',
  keys: [
    {
      key: 'type',
      value: { kind: 'word' },
      required: true,
      doc: 'Type of the value, or key-value with properties.',
      example: 'u32'
    },
    {
      key: 'properties',
      value: { kind: 'section', section: 'key and value' },
      doc: 'Types of key and value.'
    }
  ]
}
