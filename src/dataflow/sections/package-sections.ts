// The sections of packages: the package file, its functions and states, imports, and the overrides for development.
import { API_VERSIONS, type KeySpec, type SectionSpec } from './declare.ts'
import { DEV_KEY, IMPORTS_KEY } from './file-sections.ts'
import { STATE } from './service-sections.ts'

const CONVERTER = { kind: 'choice', of: ['json', 'raw', 'avro', 'protobuf'] } as const

export const PACKAGE: SectionSpec = {
  name: 'package',
  doc:
    'A package file, `package.yaml`: types, states and functions for dataflows to import. Published, it is an npm ' +
    'package that holds this file and the modules that it names.',
  example: `apiVersion: 1.0.0
meta: { name: words, namespace: acme, version: 0.1.0 }
types:
  word-count: { type: object, properties: { word: string, count: u32 } }
states:
  count-per-word: { type: keyed-state, properties: { key: string, value: u32 } }
functions:
  split-words:
    operator: flat-map
    inputs: [{ name: sentence, type: string }]
    output: { type: string }
    run: |
      function splitWords(sentence: string): string[] { return sentence.split(' ') }`,
  keys: [
    {
      key: 'apiVersion',
      value: { kind: 'choice', of: API_VERSIONS },
      required: true,
      doc: 'Version of the file format, 0.4.0 or later.',
      example: '1.0.0'
    },
    {
      key: 'meta',
      value: { kind: 'section', section: 'meta' },
      required: true,
      doc: 'Who the package is: imports name it namespace/name@version.',
      example: '{ name: words, namespace: acme, version: 0.1.0 }'
    },
    IMPORTS_KEY,
    { key: 'types', value: { kind: 'map', of: 'type' }, doc: 'Types, as in a dataflow file.' },
    {
      key: 'states',
      value: { kind: 'map', of: 'package state' },
      doc: 'Types of states; a service that uses one owns its values.'
    },
    {
      key: 'functions',
      value: { kind: 'map', of: 'package function' },
      doc: 'Functions, by the name that imports use.'
    },
    DEV_KEY
  ]
}

export const PACKAGE_STATE: SectionSpec = {
  name: 'package state',
  doc: 'The types of a state.',
  example: 'count-per-word: { type: keyed-state, properties: { key: string, value: u32 } }',
  keys: STATE.keys
    .filter(({ key }) => key === 'properties' || key === 'ttl')
    .flatMap(key =>
      key.key === 'properties'
        ? [
            {
              key: 'type',
              value: { kind: 'choice', of: ['keyed-state'] },
              required: true,
              doc: 'A value per key.',
              example: 'keyed-state'
            } as const,
            { ...key, required: true, example: '{ key: string, value: u32 }' }
          ]
        : [key]
    )
}

export const PACKAGE_FUNCTION: SectionSpec = {
  name: 'package function',
  doc:
    'A function with its operator. What its signature says need not be restated; `inputs` and `output` are needed ' +
    'where it has none, as in JavaScript.',
  example: `count-up:
  operator: update-state
  states: [count-per-word]
  uses: ./functions.ts#countUp`,
  keys: [
    {
      key: 'operator',
      value: { kind: 'text' },
      required: true,
      doc: 'The operator that it is for.',
      example: 'map'
    },
    {
      key: 'run',
      value: { kind: 'code' },
      doc: 'One TypeScript function declaration, which knows the types of the package.'
    },
    {
      key: 'uses',
      value: { kind: 'text' },
      doc: 'An exported function of a file of the package instead.',
      example: './functions.ts#countUp'
    },
    {
      key: 'lang',
      value: { kind: 'choice', of: ['typescript'], also: ['rust'] },
      default: 'typescript',
      doc: 'Language of run.'
    },
    {
      key: 'with',
      value: { kind: 'map', of: 'parameter' },
      doc: 'Parameters that a step may override, each a text.'
    },
    {
      key: 'states',
      value: { kind: 'list', of: 'name' },
      doc: 'Names of states that the service must have.'
    },
    {
      key: 'inputs',
      value: { kind: 'list', of: 'input' },
      default: 'as its signature says',
      doc: 'What arrives.'
    },
    {
      key: 'output',
      value: { kind: 'section', section: 'output' },
      default: 'as its signature says',
      doc: 'What leaves; of a flat-map one element.'
    },
    {
      key: 'dependencies',
      value: { kind: 'unavailable' },
      doc: 'Import packages in a module and name its function by "uses".'
    }
  ]
}

const PKG_KEY: KeySpec = {
  key: 'pkg',
  value: { kind: 'text' },
  required: true,
  doc: 'namespace/name@version; a range such as ^1.2.0 takes several versions.',
  example: 'acme/words@^0.1.0'
}

export const IMPORT: SectionSpec = {
  name: 'import',
  doc:
    'What a file takes of a package. Without `path` it is an npm package, found from the folder of the file ' +
    'through node_modules.',
  example: `imports:
  - pkg: acme/words@^0.1.0
    path: ./words
    types: [word-count]
    states: [count-per-word]
    functions:
      - name: split-words
        alias: sentence-to-words`,
  keys: [
    PKG_KEY,
    {
      key: 'path',
      value: { kind: 'text' },
      doc: 'Folder of the package or its package.yaml, from the folder of this file.',
      example: './words'
    },
    {
      key: 'package',
      value: { kind: 'text' },
      default: '@namespace/name',
      doc: 'Name of the npm package.'
    },
    { key: 'types', value: { kind: 'list', of: 'imported name' }, doc: 'Types to import.' },
    { key: 'states', value: { kind: 'list', of: 'imported name' }, doc: 'States to import.' },
    { key: 'functions', value: { kind: 'list', of: 'imported name' }, doc: 'Functions to import.' }
  ]
}

export const IMPORTED_NAME: SectionSpec = {
  name: 'imported name',
  doc: 'A name of the package, alone or with the name that it has here.',
  example: `functions:
  - split-words
  - { name: split-words, alias: sentence-to-words }`,
  keys: [
    {
      key: 'name',
      value: { kind: 'text' },
      required: true,
      doc: 'Its name in the package.',
      example: 'word-count'
    },
    { key: 'alias', value: { kind: 'text' }, default: 'the name', doc: 'Its name in this file.' }
  ]
}

export const DEV: SectionSpec = {
  name: 'dev',
  doc: 'Overrides for development, with `--dev`.',
  example: `dev:
  imports: [{ pkg: acme/words@0.2.0, path: ../words }]`,
  keys: [
    {
      key: 'imports',
      value: { kind: 'list', of: 'dev import' },
      doc: 'Where packages are found instead.'
    },
    { key: 'converter', value: CONVERTER, doc: 'Replaces config.converter.' },
    {
      key: 'topics',
      value: { kind: 'map', of: 'topic' },
      doc: 'Topics that replace those of the same id.'
    }
  ]
}

export const DEV_IMPORT: SectionSpec = {
  name: 'dev import',
  doc: 'Another place, and where it matters another version, of a package that the file or its packages import.',
  keys: [PKG_KEY, { ...IMPORT.keys[1]!, required: true }]
}
