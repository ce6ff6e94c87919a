// Type-checking whole dataflow files with the installed compiler: what passes, what is found, and where.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { compile, type Diagnostic, type Plan } from '../../dataflow/index.ts'
import { checkTypes } from './check-types.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'))
after(() => rmSync(folder, { recursive: true }))

function planOf(text: string): Plan {
  const { plan, diagnostics } = compile(text, { file: join(folder, 'dataflow.yaml') })
  assert(plan !== null, JSON.stringify(diagnostics))
  return plan
}

/** `line:column what`, of the dataflow file unless another is named. */
async function findings(text: string): Promise<string[]> {
  const found = await checkTypes(planOf(text), folder)
  return found
    .map(({ file, line, column, message }: Diagnostic) => {
      const name = file === join(folder, 'dataflow.yaml') ? '' : `${file.slice(folder.length + 1)}:`
      return `${name}${line}:${column} ${message}`
    })
    .toSorted()
}

const HEAD = `apiVersion: 1.0.0
meta: { name: test, namespace: examples, version: 0.1.0 }
topics:
  lines: { schema: { value: { type: string, converter: raw } } }
  paints: { schema: { value: { type: paint, converter: json } } }
types:
  color: { type: enum, oneOf: { red: { type: 'null' }, rgb: { type: u32 } } }
  paint: { type: object, properties: { color: color, litres: f32, note: { type: string, optional: true } } }
services:
`

test('checks functions that stand nowhere but at the time or the window', async () => {
  const timed = `${HEAD}  timed:
    sources: [{ type: topic, id: lines }]
    watermark: { idleness: 1s }
    assign-timestamp:
      run: |
        function when(line: string): number { return line.nothing }
`
  assert.match((await findings(timed)).join(), /^15:59 .*'nothing' does not exist/)
})

test('names the place in functions that are folded or quoted', async () => {
  const text = `${HEAD.replace('  paints:', '  copies: { schema: { value: string } }\n  paints:')}  folded:
    sources: [{ type: topic, id: lines }]
    transforms:
      - operator: map
        run: >
          function first(text: string):
            string {

          const size: string =
          text.length;
          return size }
      - operator: map
        run: >-
          function second(text: string): string {
          return text
          .nothing; }
      - operator: map
        run: "function third(text: string): string {
          const tab: number = '\\t';
          return text.none }"
    sinks: [{ type: topic, id: copies }]
`
  const places = (await findings(text)).map(one => one.replace(/ .*/, ''))
  const lines = text.split('\n')
  const words = places.map(place => {
    const [line, column] = place.split(':').map(Number) as [number, number]
    return /^\W?\w+/.exec(lines[line - 1]!.slice(column - 1))?.[0]
  })
  assert.deepEqual(words, ['size', 'nothing', 'tab', 'none'])
})

test('finds nothing wrong in functions with and without types, in the file and in others', async () => {
  writeFileSync(
    join(folder, 'good.ts'),
    `import { keyed, type Context, type KeyedState, type KeyValue } from 'millrace/dataflow'
export function byText(text: string, ctx: Context): KeyValue<string, string> {
  ctx.log.info({ at: ctx.timestamp })
  return keyed(text, text)
}
export function count(text: string, ctx: Context<{ seen: KeyedState<string, number> }>): string {
  ctx.state.seen.update(n => n + 1)
  return text
}
`
  )
  const text = `${HEAD}  paint:
    sources: [{ type: topic, id: lines }]
    states:
      seen: { type: keyed-state, properties: { key: string, value: u32 } }
      last: { type: keyed-state, properties: { key: string, value: paint } }
    transforms:
      - operator: filter
        run: |
          async function isFull(line) {
            const { byText } = await import('./good.ts')
            return line.length > Number(process.env['MIN'] ?? byText.length)
          }
      - { operator: map, uses: ./good.ts#byText }
      - operator: flat-map
        run: |
          function words(line: string): Set<string> { return new Set(line.split(' ')) }
    partition:
      assign-key:
        run: "function byWord(word) { return word }"
      transforms:
        - { operator: map, uses: ./good.ts#count }
      update-state:
        run: |
          function mix(word, ctx) {
            const litres: f32 = ctx.state.seen.at(ctx.key).get()
            ctx.state.last.update(paint => { paint.litres += litres })
            for (const [key, paint] of ctx.state.last.entries()) ctx.log.debug(key + paint.litres)
            if (litres > 3) return
            return { color: word === 'red' ? 'red' : { rgb: 1 }, litres }
          }
    sinks: [{ type: topic, id: paints }]
`
  assert.deepEqual(await findings(text), [])
})

test('finds what does not fit, at its line and column', async () => {
  writeFileSync(
    join(folder, 'bad.ts'),
    'export function half(n: number): number {\n  return n / two\n}\n'
  )
  const text = `${HEAD}  paint:
    sources: [{ type: topic, id: lines }]
    states:
      seen: { type: keyed-state, properties: { key: string, value: u32 } }
    transforms:
      - operator: filter
        run: |
          function isFull(line) {
            return line.lenght
          }
      - operator: filter
        run: |
          function isLong(line) { return line.length }
      - operator: map
        run: |
          async function forgets(line) { line.trim() }
      - { operator: map, uses: ./bad.ts#half }
    partition:
      assign-key:
        run: "function byWord(word) { return [word] }"
      update-state:
        run: |
          function mix(word, ctx) {
            ctx.state.sene.get()
            ctx.state.seen.set('x')
            return { color: 'blue', litres: 1 }
          }
    sinks: [{ type: topic, id: paints }]
`
  const found = await findings(text)
  const expected = [
    /^18:25 Property 'lenght' does not exist on type 'string'/,
    /^22:20 the function, \(line: string\) => number, does not fit here: Type 'number' is not .* 'boolean'/,
    /^25:26 the function of map returns void; expected a value/,
    /^26:32 the function, \(n: number\) => number, does not fit here/,
    /^29:24 the function, .*, does not fit here: Type '\w+\[\]' is not assignable to type 'string'/,
    /^32:20 the function, .* does not fit here: Type '"blue"' is not assignable to type 'Color'/,
    /^33:23 Property 'sene' does not exist on type 'ctx.state'/,
    /^34:32 Argument of type 'string' is not assignable to parameter of type 'number'/,
    /^bad.ts:2:14 Cannot find name 'two'/
  ]
  for (const pattern of expected) {
    assert(
      found.some(line => pattern.test(line)),
      `${pattern} in\n${found.join('\n')}`
    )
  }
  assert.equal(found.length, expected.length, found.join('\n'))
})

test('finds a value that no function made for its sink, at the sink', async () => {
  const text = `${HEAD}  paint:
    sources:
      - type: topic
        id: lines
        transforms: [{ operator: map, run: "function parse(line) { return JSON.parse(line) as { litres: number } }" }]
    sinks:
      - type: topic
        id: paints
        transforms: [{ operator: filter, run: "function some(value) { return value.litres > 0 }" }]
`
  const found = await findings(text)
  assert.equal(found.length, 1, found.join('\n'))
  assert.match(found[0]!, /^17:13 .*'color' is missing/)
})

test('a missing compiler is one warning that says how to get it; its folders are removed', async () => {
  const before = readdirSync(tmpdir()).filter(name => name.startsWith('millrace-check-')).length
  const text = `${HEAD}  copy:
    sources: [{ type: topic, id: lines }]
    transforms: [{ operator: filter, run: "function some(line) { return line !== '' }" }]
`
  const [warning, ...rest] = await checkTypes(planOf(text), folder, { tsc: null })
  assert.deepEqual(rest, [])
  assert.equal(warning?.severity, 'warning')
  assert.match(`${warning?.message} ${warning?.hint}`, /npm install --save-dev typescript/)
  const broken = join(folder, 'broken-tsc.js')
  writeFileSync(broken, "console.error('no such platform'); process.exit(3)")
  const [failed] = await checkTypes(planOf(text), folder, { tsc: broken })
  assert.match(failed?.message ?? '', /broken-tsc.js failed: no such platform$/)
  assert(readdirSync(tmpdir()).filter(name => name.startsWith('millrace-check-')).length <= before)
})

/** A service with sessions, whose `merge` and `flush` are given. */
function inSessions(window: string): string {
  return `${HEAD}  work:
    sources: [{ type: topic, id: lines }]
    states: { litres: { type: keyed-state, properties: { key: string, value: f64 } } }
    window:
      session: { gap: 5s }
      partition:
        assign-key: { run: 'function byLine(line: string) { return line }' }
        update-state:
          run: |
            function add(line: string, ctx: Context): void {
              ctx.state.litres.update(n => n + ctx.window.start)
            }
${window}
    sinks: [{ type: topic, id: paints }]
`
}

test('functions of windows have the types of their places', async () => {
  const merge = `        merge: { run: 'function merge(part, ctx) { ctx.state.litres.update(n => n + part.litres) }' }`
  const good = `${merge}
        flush: { run: 'function end(ctx: Context) { return { color: "red" as const, litres: ctx.window.end } }' }`
  const bad = `        merge: { run: 'function merge(part, ctx) { ctx.state.litres.set(part.paint) }' }
        flush: { run: 'function end(ctx: Context) { return { litres: ctx.state.litres.get() } }' }`
  assert.deepEqual(await findings(inSessions(good)), [])
  const found = await findings(inSessions(bad))
  assert.match(found.join('\n'), /Property 'paint' does not exist/)
  assert.match(found.join('\n'), /Property 'color' is missing/)
})

const keeping = (made: string): string => `${HEAD}  keep:
    sources: [{ type: topic, id: lines }]
    states:
      paints:
        type: keyed-state
        properties: { key: string, value: paint }
        migrate:
          run: |
            function make(litres: u32) { return ${made} }
    partition:
      assign-key: { run: 'function byText(text: string): string { return text }' }
`

test('a function that migrates a state is checked against the type of the state', async () => {
  assert.deepEqual(await findings(keeping("{ color: 'red' as const, litres }")), [])
  const [wrong] = await findings(keeping("{ color: 'blue', litres }"))
  assert.match(wrong!, /^18:22 the function, .* does not fit here/)
})
