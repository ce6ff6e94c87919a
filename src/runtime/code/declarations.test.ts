// The generated TypeScript: names of types, places of lines. server/check/check-types.test.ts gives it to a checker.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'
import { generateDeclarations } from './declarations.ts'
import { inlineStep, moduleStep, planOf, serviceOf, topicOf } from './plan.cases.ts'
import { anchorOf } from './source-map.ts'
import { TypeText } from './type-text.ts'

const STRING: Type = { kind: 'string' }
const U32: Type = { kind: 'u32', bigint: false }
const NAMES = { readName: 'x', writeName: 'y', optional: false }
const COUNT: Type = {
  kind: 'object',
  name: 'word-count',
  fields: [
    { ...NAMES, name: 'word', type: STRING },
    { ...NAMES, name: 'odd name', optional: true, type: U32 }
  ]
}

function generate(plan: Plan): ReturnType<typeof generateDeclarations> {
  return generateDeclarations(plan, {
    userModule: 'millrace/dataflow',
    resolve: path => `/at/${path}`
  })
}

/** Where the first occurrence of `text` comes from. */
function placeOf(plan: Plan, text: string): unknown {
  const generated = generate(plan)
  const lines = generated.text.split('\n')
  const line = lines.findIndex(line => line.includes(text))
  assert(line >= 0, `${text} is generated`)
  return generated.map.placeOf(line + 1, lines[line]!.indexOf(text) + 1)
}

test('types of the file are written by their names, fields as in the file', () => {
  const color: Type = {
    kind: 'enum',
    name: 'color',
    tagging: 'external',
    variants: [
      { name: 'red', readName: 'Red', writeName: 'Red', type: null },
      { name: 'rgb', readName: 'Rgb', writeName: 'Rgb', type: { kind: 'list', items: U32 } }
    ]
  }
  const types = {
    'word-count': COUNT,
    color,
    alias: COUNT,
    id: { kind: 'u64', bigint: true }
  } as const
  const text = new TypeText(types)
  assert.equal(
    text.declarations(),
    `interface WordCount {
word: string;
"odd name"?: u32 | null;
}
type Color = "red" | { rgb: u32[] }
type Alias = WordCount
type Id = bigint`
  )
  const nested: Type = { kind: 'map', key: U32, value: { kind: 'option', value: COUNT } }
  assert.equal(text.of(nested), 'globalThis.Map<u32, WordCount | null>')
  assert.equal(text.of({ kind: 'map', key: STRING, value: color }), '{ [key: string]: Color }')
  assert.equal(text.of({ kind: 'object', name: null, fields: [] }), '{}')
})

const source = `function splitWords(line) {
  return line.split(' ')
}
`
const step = inlineStep('splitWords', source, { operator: 'flat-map' })
const plan = planOf([topicOf('in', STRING), topicOf('out', STRING)], {}, [
  serviceOf('s', { steps: [step] })
])

test('a place in a function is that place in the file, indented as there', () => {
  assert.deepEqual(placeOf(plan, 'line) {'), {
    file: 'flows/dataflow.yaml',
    line: 10,
    column: 33,
    length: 4
  })
  assert.deepEqual(placeOf(plan, 'split('), {
    file: 'flows/dataflow.yaml',
    line: 11,
    column: 27,
    length: 5
  })
})

test('a place around a function is the name of the function', () => {
  const name = { file: 'flows/dataflow.yaml', line: 10, column: 22, length: 10 }
  assert.deepEqual(placeOf(plan, 'satisfies $FlatMap'), name)
  assert.deepEqual(placeOf(plan, 'function splitWords'), name)
  assert.equal(placeOf(plan, 'type u8'), null)
})

test('the name of a function is found behind comments, generics and async', () => {
  const sources: readonly (readonly [string, number, number])[] = [
    ['// function other\nasync function f$1<T>(x: T) {}', 11, 28],
    ['function* f$1() {}', 10, 23],
    ['const f$1 = 1', 10, 13]
  ]
  for (const [source, line, column] of sources) {
    const { code } = inlineStep('f$1', source)
    const place = anchorOf(code)
    assert.deepEqual([place.line, place.column], [line, column])
  }
})

test('an exported function is imported from where the checker finds it', () => {
  const uses = moduleStep('./lib.ts', 'parse')
  const plan = planOf([topicOf('in', STRING), topicOf('out', STRING)], {}, [
    serviceOf('s', { steps: [uses] })
  ])
  assert.deepEqual(placeOf(plan, 'from "/at/./lib.ts"'), { ...uses.at, length: 1 })
  assert.deepEqual(placeOf(plan, 'satisfies $Map'), { ...uses.at, length: 1 })
})

test('states are typed per service, those of others for reading', () => {
  const at = step.at
  const owner = serviceOf('owner', {
    states: [
      {
        kind: 'owned',
        name: 'counts',
        property: 'counts',
        key: STRING,
        value: U32,
        ttlMs: null,
        windowed: false,
        at
      }
    ]
  })
  const reader = serviceOf('reader', {
    states: [{ kind: 'reference', name: 'c', property: 'c', service: 'owner', state: 'counts', at }]
  })
  const { text } = generate(
    planOf([topicOf('in', STRING), topicOf('out', STRING)], {}, [owner, reader])
  )
  assert.match(text, /type \$States0 = \{\nreadonly counts: \$KeyedState<string, u32>;\n\}/)
  assert.match(text, /\nreadonly c: \$KeyedStateReader<string, u32>;\n/)
})
