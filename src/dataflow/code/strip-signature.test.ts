// The plain stripper against Node's: the same text wherever it answers, and no answer where it might differ.
import { ok, strictEqual } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compile } from '../compile.ts'
import { parseFunction } from './parse-function.ts'
import { stripSignature } from './strip-signature.ts'

const ROOT = join(import.meta.dirname, '../../..')

function answersAsNode(source: string): boolean {
  const stripped = stripSignature(source)
  if (stripped !== null) strictEqual(stripped, stripTypeScriptTypes(source), source)
  return stripped !== null
}

const PLAIN = [
  'function f(text: string): string[] { return text.split(" ") }',
  'async function f(value: Reading, ctx: Context): Promise<KeyValue<string, u32>[]> { return [] }',
  '// Why.\n\n function  $f ( a :A , b\n:\nB | null | undefined , ) : Map<string, A.B<C>> \n{\n return 1 }\n',
  'function f() {}',
  'function f(a, b) { return a < b ? b => 1 : a }',
  'function f(n: u32): Out { return { a: n, b: [n].map(x => x + 1), c: n >= 1 } }',
  "function f(s: string): string { return s + ' as string é' }",
  'function f(a: A): B { for (let i = 0; i < a.length; i++) a[i]; return a?.b ?? null }'
]

/** TypeScript forms, and JavaScript that TypeScript reads in another way. */
const LEFT_TO_NODE = [
  'function f(a?: string) {}',
  'function f({ a }: A) {}',
  'function f(...a: string[]) {}',
  'function f(a: { b: string }) {}',
  "function f(a: 'x' | 'y') {}",
  'function f(a: (b: string) => void) {}',
  'function f(a: string = "x") {}',
  'function f(a: readonly string[]) {}',
  'function f<T>(a: T) {}',
  'function f(a): a is B { return true }',
  'function f(a: typeof b) {}',
  'function f(a: enum) {}',
  'function f(a: A/**/) {}',
  'function f(a): asserts a { }',
  'function f(): void',
  'function f(',
  'const f = (a: A) => a',
  'function f(a, b, c) { return a<b>(c) }',
  'function f(a, b, c) { return a<b>`c` }',
  'function f(a, b, c) { a<b>\nc }',
  "function f(s: string): string { return s + ' as string: x<y>(z)' }",
  'function f(a, b, c) { return new a<b>(c) }',
  'function f(a) { switch (a) { case (a): b => c } }',
  'function f(a, b) { return a ? (b) : c => d }',
  'function f(a, b) { return a ? b ? (c) : d => e : g }',
  'function f(a, b) { return a ? b ? (c) /**/ : d => e : g }',
  'function f() { return class { readonly\n a } }',
  'function f(type, a) { return type in a }'
]

for (const source of PLAIN) {
  test(`strips as Node does: ${source.replaceAll('\n', ' ')}`, () => ok(answersAsNode(source)))
}

for (const source of LEFT_TO_NODE) {
  test(`leaves to Node: ${source.replaceAll('\n', ' ')}`, () => {
    strictEqual(stripSignature(source), null)
  })
}

test('strips as Node does in every function of the examples and cases, and needs Node for few', () => {
  let plain = 0
  let all = 0
  for (const path of globSync(['examples/**/*.yaml', 'src/dataflow/cases/ok-*.yaml'], {
    cwd: ROOT
  })) {
    const { plan } = compile(readFileSync(join(ROOT, path), 'utf8'), { file: path })
    for (const service of plan?.services ?? []) {
      const { partition, sources, sinks, steps } = service
      const ends = [...sources, ...sinks].flatMap(end => end.steps)
      const update = partition?.updateState ? [partition.updateState] : []
      const keyed = partition === null ? [] : [partition.assignKey, ...partition.steps, ...update]
      for (const { code } of [...ends, ...steps, ...keyed]) {
        if (code.kind !== 'inline') continue
        strictEqual(code.javascript, stripTypeScriptTypes(code.source))
        all++
        if (answersAsNode(code.source)) plain++
      }
    }
  }
  ok(plain > all * 0.7, `${plain} of ${all}`)
})

test('whatever text it answers to and JavaScript accepts, Node strips to the same', () => {
  const piece = fc.constantFrom(
    ...(
      'a b c f ( ) < > , : ; ? => { } [ ] = ! . ` " / /* */ // & | + - as is in of new let const case ' +
      'class return async switch type satisfies function ?. ?? 1'
    ).split(' '),
    '\n',
    ' '
  )
  const type = fc.constantFrom('A', 'A[]', 'A | B', 'M<A, B[]>', 'M<M<A>>', 'a.b')
  const text = fc
    .tuple(type, type, fc.array(piece, { maxLength: 14 }))
    .map(([one, other, body]) => `function f(a: ${one}, b): ${other} { ${body.join(' ')} }`)
  let answered = 0
  fc.assert(
    fc.property(text, source => {
      const stripped = stripSignature(source)
      const parsed = parseFunction(source).function
      if (stripped === null || parsed?.stripped !== stripped) return
      answered++
      strictEqual(stripped, stripTypeScriptTypes(source))
    }),
    { numRuns: 2000 }
  )
  ok(answered > 20, String(answered))
})
