// The JSON Schema of a dataflow file, made from the declarations: completion and checks while typing in an editor.
import { SCALAR_WORDS } from '../type-text.ts'
import { AGGREGATE_WORDS } from './aggregate-sections.ts'
import { API_VERSIONS, isIn, type KeySpec, type SectionSpec, type ValueShape } from './declare.ts'
import { SCHEMA_SIDE_KEYS } from './file-sections.ts'
import { SECTIONS } from './sections.ts'
import {
  COMPOSITES,
  PROPERTY_KEYS,
  TYPE_NAME_KEY,
  TYPE_SCALAR,
  VARIANT_KEYS
} from './type-sections.ts'

/** A JSON Schema (draft 07, which editors understand best) or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

const CURRENT = '1.0.0'
const OLD_VERSIONS = API_VERSIONS.filter(version => version !== CURRENT)
const DURATION = '^(\\d+(\\.\\d+)?\\s*[A-Za-z]+\\s*)+$'
const SIZE = '^\\d{1,16}(\\.\\d{1,6})?\\s*[A-Za-z]*$'

/** Keys beside those of a type, by the place that takes the type. */
const TYPE_PLACES: Readonly<Record<string, readonly KeySpec[]>> = {
  type: [],
  property: PROPERTY_KEYS,
  variant: VARIANT_KEYS,
  'schema type': SCHEMA_SIDE_KEYS
}

/**
 * The schema of docs/reference/dataflow-file.schema.json. It is strict for files of this version and takes every file
 * of an older one, which `millrace check` judges. What only the compiler can know, such as whether a topic exists, it
 * does not say.
 */
export function renderJsonSchema(): JsonSchema {
  return fileSchema('millrace dataflow file', {
    if: { properties: { apiVersion: { enum: OLD_VERSIONS } }, required: ['apiVersion'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: true,
    else: reference('the file')
  })
}

/** The schema of docs/reference/package-file.schema.json; older versions as in {@link renderJsonSchema}. */
export function renderPackageSchema(): JsonSchema {
  return fileSchema('millrace package file', {
    if: { properties: { apiVersion: { enum: OLD_VERSIONS } }, required: ['apiVersion'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: true,
    else: reference('package')
  })
}

/** The schema of docs/reference/test-file.schema.json. */
export function renderTestSchema(): JsonSchema {
  return fileSchema('millrace test file', { allOf: [reference('the test file')] })
}

/** A schema whose root is `root`, with the definitions that it needs. */
function fileSchema(title: string, root: JsonSchema): JsonSchema {
  const all = allDefinitions()
  const definitions: Record<string, JsonSchema> = {}
  const open: unknown[] = [root]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [, name] of JSON.stringify(next).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      const known = decodeURIComponent(name!)
      if (known in definitions || all[known] === undefined) continue
      definitions[known] = all[known]
      open.push(all[known])
    }
  }
  const sorted = Object.keys(all).filter(name => name in definitions)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    type: 'object',
    ...root,
    definitions: Object.fromEntries(sorted.map(name => [name, definitions[name]!]))
  }
}

function allDefinitions(): Readonly<Record<string, JsonSchema>> {
  const sections = SECTIONS.filter(group => group.title !== 'Older layouts').flatMap(
    group => group.sections
  )
  const names = new Set(sections.map(section => section.name))
  const definitions: Record<string, JsonSchema> = {}
  for (const section of sections) {
    if (!(section.name in TYPE_PLACES)) definitions[section.name] = sectionSchema(section, names)
  }
  for (const [place, keys] of Object.entries(TYPE_PLACES)) {
    definitions[place] = typeSchema(keys, names)
  }
  definitions['schema'] = withSchemaTypes(definitions['schema']!)
  definitions['sink'] = sinkSchema(definitions)
  delete definitions['function sink']
  definitions['picked'] = { anyOf: [{ type: 'string', minLength: 1 }, definitions['picked']] }
  definitions['aggregate'] = { anyOf: [{ enum: AGGREGATE_WORDS }, definitions['aggregate']] }
  return { ...definitions, ...caseSchemas(definitions) }
}

/** Parts of test files whose form depends on what stands in them. */
function caseSchemas(
  definitions: Readonly<Record<string, JsonSchema>>
): Readonly<Record<string, JsonSchema>> {
  const records = { type: 'array', items: reference('record') }
  const turn = { type: 'object', additionalProperties: { anyOf: [records, { type: 'string' }] } }
  const usual = definitions['case']!
  const properties = usual['properties'] as Record<string, JsonSchema>
  const { description } = properties['given']!
  const given = { description, anyOf: [turn, { type: 'array', items: turn }] }
  return {
    case: {
      if: { type: 'object', required: ['function'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: definitions['case of a function'],
      else: { ...usual, properties: { ...properties, given } }
    },
    record: {
      if: { type: 'object', required: ['value'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: definitions['record'],
      else: true
    },
    'expected records': { anyOf: [records, definitions['expected records']] }
  }
}

const reference = (name: string): JsonSchema => ({
  $ref: `#/definitions/${name.replaceAll(' ', '%20')}`
})

function sectionSchema(
  section: SectionSpec,
  names: ReadonlySet<string>,
  more: readonly KeySpec[] = []
): JsonSchema {
  const keys = [...section.keys, ...more].filter(
    key => isIn(key, CURRENT) && key.value.kind !== 'unavailable'
  )
  const properties: Record<string, JsonSchema> = {}
  for (const key of keys) {
    const value = { description: describe(key), ...shapeSchema(key.value, names) }
    for (const name of [key.key, ...(key.aliases ?? [])]) properties[name] ??= value
  }
  const needed = keys.filter(key => key.required === true).map(requirement)
  return {
    description: section.doc.replaceAll('\n', ' '),
    type: 'object',
    properties,
    additionalProperties: section.ignoresUnknownKeys === true,
    ...(needed.length === 0 ? {} : { allOf: needed })
  }
}

/** A key that must be there, under any of its names. */
function requirement(key: KeySpec): JsonSchema {
  const names = [key.key, ...(key.aliases ?? [])]
  if (names.length === 1) return { required: names }
  return { anyOf: names.map(name => ({ required: [name] })) }
}

function describe(key: KeySpec): string {
  return key.default === undefined ? key.doc : `${key.doc} Default: ${key.default}.`
}

function shapeSchema(shape: ValueShape, names: ReadonlySet<string>): JsonSchema {
  const named = (name: string): JsonSchema =>
    names.has(name) || name in TYPE_PLACES ? reference(name) : {}
  switch (shape.kind) {
    case 'text':
      return { type: 'string', minLength: 1 }
    case 'word':
      return { type: ['string', 'null'] }
    case 'code':
      return { type: 'string' }
    case 'boolean':
      return { type: 'boolean' }
    case 'integer':
      return { type: 'integer', minimum: shape.min, maximum: shape.max }
    case 'duration':
      return { type: 'string', pattern: DURATION }
    case 'size':
      return { type: ['string', 'integer'], pattern: SIZE }
    case 'choice':
      return { enum: [...shape.of, ...(shape.also ?? [])] }
    case 'section':
      return named(shape.section)
    case 'map':
      return { type: 'object', additionalProperties: named(shape.of) }
    case 'list':
      return { type: 'array', items: named(shape.of) }
    case 'list-or-map':
      return { type: 'object', additionalProperties: named(shape.of) }
    case 'type':
      return reference('type')
    case 'any':
      return {}
    case 'unavailable':
      return { not: {} }
  }
}

/** A type: a word, or a mapping whose other keys depend on its key `type`. */
function typeSchema(side: readonly KeySpec[], names: ReadonlySet<string>): JsonSchema {
  const known = [...SCALAR_WORDS, ...Object.keys(COMPOSITES)]
  const cases = Object.entries(COMPOSITES).map(([word, section]) => ({
    if: { properties: { type: { const: word } }, required: ['type'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: sectionSchema(section, names, [TYPE_NAME_KEY, ...side])
  }))
  const scalar = {
    if: { properties: { type: { enum: Object.keys(COMPOSITES) } }, required: ['type'] },
    else: sectionSchema(TYPE_SCALAR, names, side)
  }
  return {
    description: TYPE_SCALAR.doc,
    anyOf: [
      { anyOf: [{ enum: [...known, null] }, { type: 'string', minLength: 1 }] },
      {
        type: 'object',
        required: ['type'],
        properties: { type: { anyOf: [{ enum: known }, { type: ['string', 'null'] }] } },
        allOf: [...cases, scalar]
      }
    ]
  }
}

/** The types of a topic have a converter beside them. */
function withSchemaTypes(schema: JsonSchema): JsonSchema {
  const properties = schema['properties'] as Record<string, JsonSchema>
  const typed = Object.entries(properties).map(([key, value]) => [
    key,
    { description: value['description'], ...reference('schema type') }
  ])
  return { ...schema, properties: Object.fromEntries(typed) as JsonSchema }
}

/** Sinks have other keys when they are functions. */
function sinkSchema(definitions: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return {
    if: { properties: { type: { const: 'function' } }, required: ['type'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: definitions['function sink'],
    else: definitions['sink']
  }
}
