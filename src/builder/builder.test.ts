// What the builder says of functions and of mistakes: names that are captured, places in the source, texts.
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../dataflow/index.ts'
import { textOf } from './function-text.ts'
import {
  type AnyFunction,
  type BuiltDataflow,
  compileBuilt,
  type Dataflow,
  dataflow,
  from,
  keyed,
  merge,
  state,
  t,
  topic,
  uses
} from './index.ts'

const words = topic('words', t.string)
const FILE = 'src/builder/builder.test.ts'

function compiled(flow: Dataflow): BuiltDataflow {
  return compileBuilt(flow.node, { file: FILE, nameOf: path => path.replace(/^.*(?=src\/)/, '') })
}

function capturesOf(fn: AnyFunction): readonly string[] {
  return textOf(fn, 'fn', () => null)!.captures
}

const limit = 3

test('names from around a function are found, in every form of declaration', () => {
  const cases: readonly (readonly [AnyFunction, readonly string[]])[] = [
    [(word: string) => word.length > limit, ['limit']],
    [(word: string) => word, []],
    [(limit: string) => limit, []],
    [({ limit }: { limit: number }) => limit, []],
    [({ a = limit }: { a: number }) => a, ['limit']],
    [(word: string) => keyed(word, Math.max(1, JSON.stringify({ limit: word }).length)), []],
    [(o: { limit: number }) => o.limit, []],
    [() => ({ limit }), ['limit']],
    [
      () => {
        const inner = (): number => later
        const later = 1
        return inner()
      },
      []
    ],
    [
      (values: number[]) => {
        for (const value of values) if (value > 1) return value
        // Another scope: this `value` is not that one.
        return [1].map(value => value + limit)
      },
      ['limit']
    ],
    [
      () => {
        try {
          return limit
        } catch (error) {
          return error
        }
      },
      ['limit']
    ],
    [
      function (this: { x: number }) {
        return this.x
      } as AnyFunction,
      ['this']
    ]
  ]
  for (const [fn, expected] of cases) deepStrictEqual(capturesOf(fn), expected, String(fn))
})

test('functions of any form become one declaration on the same lines', () => {
  strictEqual(
    declarationOf((a: number) => a + 1),
    'function fn(a) { return a + 1 }'
  )
  strictEqual(
    declarationOf(() => ({ a: 1 })),
    'function fn() { return { a: 1 } }'
  )
  match(
    declarationOf(async (a: string) => await a),
    /^async function fn\(a\) \{ return await a \}$/
  )
  const { method } = {
    method(a: string) {
      return a
    }
  }
  match(declarationOf(method), /^function fn\(a\) \{\n {6}return a\n {4}\}$/)
  strictEqual(
    textOf(Math.max, 'fn', () => null),
    null
  )
  strictEqual(
    textOf(double.bind(null), 'fn', () => null),
    null
  )
})

test('a function that captures runs in this process, with a warning; it cannot be printed', () => {
  const flow = dataflow('captures').service(
    'long',
    from(words)
      .filter(word => word.length > limit)
      .to(topic('long', t.string))
  )
  const { plan, functions, diagnostics } = compiled(flow)
  const [found] = diagnostics
  strictEqual(found?.severity, 'warning')
  strictEqual(found.code, 'FUNCTION_CAPTURES')
  match(found.message, /"filter" uses limit from around it/)
  const step = plan!.services[0]!.steps[0]!
  strictEqual(step.code.kind, 'closure')
  strictEqual(functions.get(step)?.('abcd' as never), true)
  throws(() => flow.toYaml(), { code: 'FUNCTION_CAPTURES', message: /builder\.test\.ts:\d+/ })
})

test('a finding has the place of the call that it is about', () => {
  const flow = dataflow('mistakes').service(
    'wrong',
    from(words)
      .typed(t.u32)
      .map(word => word.length)
      .to(topic('out', t.string) as unknown as ReturnType<typeof topic<number>>)
  )
  const { plan, diagnostics } = compiled(flow)
  strictEqual(plan, null)
  const source = new Error('here').stack!
  ok(source.includes(FILE))
  const [found] = diagnostics
  strictEqual(found?.file, FILE)
  ok(found.line > 100 && found.column > 1, `${found.line}:${found.column}`)
})

test('two topics, types and services of one name are found as in a file', () => {
  const one = t.object('thing', { a: t.u32 })
  const two = t.object('thing', { a: t.string })
  const flow = dataflow('twice')
    .service('s', from(topic('in', one)).to(topic('out', one)))
    .service('s', from(topic('in', two)).to(topic('out', two)))
  const { diagnostics } = compiled(flow)
  deepStrictEqual([...new Set(diagnostics.map(({ code }) => code))], ['DUPLICATE_KEY'])
  for (const { message } of diagnostics) {
    match(message, /^something else is called "(?:thing|s|in|out)" at /)
    const line = Number(/:(\d+)$/.exec(message)?.[1])
    ok(message.includes(`${FILE}:`) && line > 100, message)
  }
})

test('one function in two places has two names', () => {
  const flow = dataflow('again').service(
    's',
    from(words).map(double).map(double).to(topic('out', t.string))
  )
  const { plan, diagnostics } = compiled(flow)
  deepStrictEqual(diagnostics, [])
  deepStrictEqual(
    plan!.services[0]!.steps.map(({ name }) => name),
    ['double', 'double2']
  )
})

test('a stream is a value: what is added to it later leaves it as it was', () => {
  const common = from(words).filter(word => word !== '')
  const flow = dataflow('shared')
    .service('a', common.map(double).to(topic('a', t.string)))
    .service('b', common.to(topic('b', t.string)))
  const { plan } = compiled(flow)
  deepStrictEqual(
    plan!.services.map(({ steps }) => steps.length),
    [2, 1]
  )
})

test('a text over several lines stays what it is, with lines of blanks', () => {
  const spaced = from(words).map(
    word => `a
    
  b${word}`
  )
  const text = dataflow('spaced')
    .service('s', spaced.to(topic('out', t.string)))
    .toYaml()
  const { plan, diagnostics } = compile(text, { file: 'spaced.yaml' })
  ok(plan !== null, JSON.stringify(diagnostics))
  const { code } = plan.services[0]!.steps[0]!
  ok(code.kind === 'inline' && code.javascript.includes('`a\n    \n  b'), text)
})

test('operators may have any name that a file gives them', () => {
  const names = ['my-name', 'two words', 'delete', '2nd']
  const stream = names.reduce((words, name) => words.map(word => word, { name }), from(words))
  const flow = dataflow('named').service('s', stream.to(topic('out', t.string)))
  const { plan, diagnostics } = compiled(flow)
  deepStrictEqual(diagnostics, [])
  deepStrictEqual(
    plan!.services[0]!.steps.map(({ name }) => name),
    ['my-name', 'two-words', 'delete', '2nd']
  )
})

test('a name that is said is not taken by a function that has none of its own', () => {
  const flow = dataflow('named').service(
    's',
    from(words)
      .map(word => word, { name: 'double' })
      .map(double)
      .to(topic('out', t.string))
  )
  const { plan, diagnostics } = compiled(flow)
  deepStrictEqual(diagnostics, [])
  deepStrictEqual(
    plan!.services[0]!.steps.map(({ name }) => name),
    ['double', 'double2']
  )
})

test('streams that are merged keep all their sources, each with its steps', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(id => from(topic(id, t.string)))
  const both = merge(a!.map(double), b!).filter(word => word !== '')
  const flow = dataflow('merged').service('all', merge(both, c!).to(topic('out', t.string)))
  const { plan, diagnostics } = compiled(flow)
  deepStrictEqual(diagnostics, [])
  deepStrictEqual(
    plan!.services[0]!.sources.map(({ topic, steps }) => [topic, steps.map(({ name }) => name)]),
    [
      ['a', ['double', 'filter']],
      ['b', ['filter2']],
      ['c', []]
    ]
  )
  const byWord = a!.keyBy(word => word)
  // @ts-expect-error a key belongs behind the merge
  merge(byWord, c!)
  const timed = a!.eventTime({ timestamp: () => 1 })
  // @ts-expect-error event time belongs behind the merge, and behind all filters
  merge(timed, c!)
  // @ts-expect-error a filter behind it would not be there in the plan
  ok(from(words).eventTime({ timestamp: () => 1 }).filter)
})

test('the printed file has no blanks of types, and compiles', () => {
  const flow = dataflow('printed').service(
    's',
    from(words)
      .states({ seen: state(t.string, t.bool, { ttl: '1d' }) })
      .keyBy((word: string): string => word)
      .typed(t.keyValue(t.string, t.u32))
      .updateState(
        function once(word: string, ctx) {
          if (ctx.state.seen.get()) return undefined
          ctx.state.seen.set(true)
          return keyed(word, word.length)
        },
        { with: { by: 2 } }
      )
      .to(topic('out', { key: t.string, value: t.u32 }, { partitions: 2, cleanup: 'compact' }))
      .toFunction('example/words', { valueType: 'io.statefun.types/int' })
  )
  const text = flow.toYaml()
  doesNotMatch(text, / {2,}\)/)
  match(text, /function once\(word, ctx\): KeyValue<string, u32> \| undefined \{/)
  const { plan, diagnostics } = compile(text, { file: 'printed.yaml' })
  ok(plan !== null, JSON.stringify(diagnostics))
  strictEqual(plan.services[0]?.sinks.length, 2)
})

test('uses names a function of a file', () => {
  const parse = uses<(line: string) => number>('./lines.ts#parse')
  const flow = dataflow('named').service('s', from(words).map(parse).to(topic('n', t.u32)))
  match(flow.toYaml(), /uses: '\.\/lines\.ts#parse'/)
  throws(() => parse('1'), /is loaded when the dataflow starts/)
})

function double(word: string): string {
  return word + word
}

function declarationOf(fn: AnyFunction): string {
  return textOf(fn, 'fn', () => null)!.declaration
}

test('a type that is none is told at once, with the topic', () => {
  const wrong = (t as unknown as Record<string, typeof t.string>)['u33']!
  throws(() => topic('words', wrong), {
    message: /^topic\("words", …\) got undefined as its type; expected/
  })
})
