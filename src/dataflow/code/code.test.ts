// Signatures and their annotations, modules, and the guard against code that is too deep.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { describeType, scalarOf, typeFingerprint } from '../type-text.ts'
import type { Type } from '../types.ts'
import { readModuleFunction } from './module-function.ts'
import { findTooDeep } from './nesting.ts'
import { parseFunction } from './parse-function.ts'
import { readTypeExpression } from './type-expression.ts'

const WORD_COUNT: Type = { kind: 'object', name: 'word-count', fields: [] }
const types = new Map<string, Type | null>([
  ['WordCount', WORD_COUNT],
  ['Broken', null],
  ['Id', scalarOf('u64')!]
])

/** Annotation, and what it comes to in words; null for unknown. */
const EXPRESSIONS: readonly (readonly [string, string | null])[] = [
  ['string', 'string'],
  ['boolean', 'bool'],
  ['number', 'f64'],
  ['bigint', 's64 (bigint)'],
  ['u8', 'u8'],
  ['i64', 's64'],
  ['Id', 'u64'],
  ['WordCount', 'word-count'],
  ['WordCount[]', 'list of word-count'],
  ['readonly WordCount[][]', 'list of list of word-count'],
  ['Array<WordCount | undefined>', 'list of optional word-count'],
  ['ReadonlyArray<f32>', 'list of f32'],
  ['string | null | undefined', 'optional string'],
  ['| string', 'string'],
  ['undefined | (string)', 'optional string'],
  ['KeyValue<string, WordCount>', 'key-value of string and word-count'],
  ['KeyValue<string, u32>[]', 'list of key-value of string and u32'],
  ['Promise<WordCount | null>', 'optional word-count'],
  ['Record<string, u32>', 'map of string to u32'],
  ['Map<u32, string>', 'map of u32 to string'],
  ['Map<string, u32>', null],
  ['Record<u32, u32>', null],
  ['Uint8Array', 'bytes'],
  ['Uint8Array<ArrayBuffer>', 'bytes'],
  ['Readonly<WordCount>', 'word-count'],
  ['string /* why */ | /* not */ null', 'optional string'],
  ['string | number', null],
  ["'a' | 'b'", null],
  ['{ a: string }', null],
  ['Broken', null],
  ['Date', null],
  ['Foo.Bar', null],
  ['typeof x', null],
  ['x is string', null],
  ['Array<', null],
  ['', null],
  ['string]', null],
  ['('.repeat(1000), null]
]

for (const [text, expected] of EXPRESSIONS) {
  test(`the annotation ${JSON.stringify(text.slice(0, 40))} is ${expected ?? 'unknown'}`, () => {
    const reading = readTypeExpression(text, { types })
    strictEqual(reading.type === null ? null : describeType(reading.type), expected)
    strictEqual(reading.isVoid, false)
    strictEqual(reading.isPromise, text.startsWith('Promise'))
    deepStrictEqual(reading.unknownNames, [])
  })
}

test('nothing is told from unknown', () => {
  for (const text of ['void', 'undefined', 'null', 'undefined | null', 'Promise<void>', 'never']) {
    const reading = readTypeExpression(text, { types })
    ok(reading.isVoid && reading.type === null, text)
  }
})

test('names that are no type of the file are found with their places', () => {
  const reading = readTypeExpression('Promise<Wordcount | Array<  Nope>>', {
    types,
    parameters: new Set(['T'])
  })
  deepStrictEqual(reading.unknownNames, [
    { name: 'Wordcount', start: 8 },
    { name: 'Nope', start: 28 }
  ])
  deepStrictEqual(readTypeExpression('T[]', { types, parameters: new Set(['T']) }).unknownNames, [])
})

test('a signature is read with its places', () => {
  const source = `// first
  async function count<T extends string, U = {}>(
    { a, b }: Array<{ a: string, b: (x: number) => void }>, // a comment, with ) and :
    ctx?: Context /* : no */ ,
  ): Promise<WordCount | undefined> /* { */ {
    const inner = (x: number): string => \`\${x}\`
    return undefined
  }`
  const { function: found, problems } = parseFunction(source)
  deepStrictEqual(problems, [])
  strictEqual(found!.name, 'count')
  strictEqual(found!.async, true)
  strictEqual(source.slice(found!.nameStart, found!.nameStart + 5), 'count')
  deepStrictEqual(
    found!.parameters.map(({ name, type }) => [name, type?.text.trim()]),
    [
      [null, 'Array<{ a: string, b: (x: number) => void }>'],
      ['ctx', 'Context']
    ]
  )
  strictEqual(found!.returnType!.text.replace(/\s*\/\*.*/, ''), 'Promise<WordCount | undefined>')
  for (const { text, start } of [
    found!.returnType!,
    ...found!.parameters.map(parameter => parameter.type!)
  ]) {
    strictEqual(source.slice(start, start + text.length), text)
  }
  deepStrictEqual(found!.typeParameters.slice(0, 1), ['T'])
})

const read = (source: string) => parseFunction(source).function!

test('signatures without annotations, with defaults and with non-ASCII text are read', () => {
  deepStrictEqual(
    read('function f(a, b = {}) {}').parameters.map(parameter => parameter.type),
    [null, null]
  )
  strictEqual(read('function f(a: string = ")") {}').parameters[0]!.type!.text.trim(), 'string')
  strictEqual(read('function f(a: "é👩‍👧", b: u32): "ü" {}').parameters[1]!.type!.text, 'u32')
  strictEqual(read('function f(a: "é👩‍👧", b: u32): "ü" {}').returnType!.text, '"ü"')
  strictEqual(read('function f(this: void, a: u8) {}').parameters[0]!.type!.text, 'u8')
  strictEqual(read('function f(a): asserts a is string {}').returnType!.text, 'asserts a is string')
})

test('exported functions of modules are found in every form', () => {
  const source = `import x from 'x'
    export function a(v: string): u32 { return 1 }
    export const b = async (v: string, ctx: Context): Promise<u32> => 1, c = function (v: u8) {}
    function d(v: u16): u16 { return v }
    export { d, d as e }
    export { f } from './other.ts'
    export const g: (v: string) => string = v => v
    export class h {}
    export default function i(v: string) {}`
  const text = (name: string): string => {
    const found = readModuleFunction(source, name)
    if (found.kind !== 'found') return found.kind
    if (found.function === null) return 'unknown'
    const { parameters, returnType } = found.function
    return `${parameters.map(parameter => parameter.type?.text).join(', ')} → ${returnType?.text.trim() ?? '?'}`
  }
  const expected = {
    a: 'string → u32',
    b: 'string, Context → Promise<u32>',
    c: 'u8 → ?',
    d: 'u16 → u16',
    e: 'u16 → u16',
    f: 'unknown',
    g: '? → ?',
    h: 'unknown',
    i: 'missing',
    x: 'missing'
  }
  for (const [name, signature] of Object.entries(expected))
    strictEqual(text(name).replace(/^ →/, '? →'), signature, name)
  strictEqual(readModuleFunction(`${source}\nexport * from './all.ts'`, 'z').kind, 'found')
})

test('code that people write is never too deep', () => {
  const lines = [
    'const total = values.filter(value => value.id > 1).map(value => value.total).reduce((a, b) => a + b, 0)',
    'if (total > 10) return { ...value, text: `a ${b ? `c ${d}` : "e"} f` }',
    'for (const [key, value] of entries) { counts[key] ??= 0; counts[key] += value / 2 / 3 }',
    'const pattern = /[(\\/[{]+"/g.exec(text) ?? []',
    'switch (kind) { case 1: break; default: throw new Error("}") }',
    'value++',
    'other()'
  ]
  strictEqual(findTooDeep(lines.join('\n').concat('\n').repeat(500)), null)
})

test('what would break the type stripper is found, wherever it hides', () => {
  const deep: Readonly<Record<string, string>> = {
    brackets: '['.repeat(1000),
    'brackets behind a quote in a pattern': `x = /"/; y = ${'['.repeat(1000)}`,
    'brackets in a template': `x = \`"\${${'['.repeat(1000)}`,
    'brackets behind a template': `x = \`\${"\`"}\` + ${'('.repeat(1000)}`,
    sums: `x = 1${'\n+ 1'.repeat(2000)}`,
    arrows: 'a => '.repeat(800),
    types: `let a: ${'A<'.repeat(1000)}`,
    ifs: 'if (a)\n'.repeat(1000),
    elses: 'if (a) { b }\nelse '.repeat(1000),
    members: `a${'\n.b'.repeat(1000)}`,
    conditions: 'a ? b : '.repeat(1000),
    negations: '!'.repeat(1000),
    news: 'new '.repeat(1000),
    keyofs: `let a: ${'keyof\n'.repeat(1000)} b`
  }
  for (const [name, source] of Object.entries(deep)) ok(findTooDeep(source) !== null, name)
})

const field = (name: string, readName = name) => ({
  name,
  readName,
  writeName: name,
  optional: false,
  type: scalarOf('u32')!
})

test('fingerprints tell types apart by what their values are', () => {
  const object = (name: string, ...fields: ReturnType<typeof field>[]): Type => ({
    kind: 'object',
    name,
    fields
  })
  strictEqual(typeFingerprint(object('a', field('x'))), typeFingerprint(object('b', field('x'))))
  ok(typeFingerprint(object('a', field('x'))) !== typeFingerprint(object('a', field('x', 'X'))))
  ok(
    typeFingerprint(object('a', field('x'), field('y'))) !==
      typeFingerprint(object('a', field('x:u32,"y')))
  )
})
