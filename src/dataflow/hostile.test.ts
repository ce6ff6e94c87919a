// Texts made to harm: each is refused with its own code, quickly, or is harmless; none throws.
import { ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import {
  TYPE_NODES_MAX,
  YAML_ALIASES_MAX,
  YAML_BYTES_MAX,
  YAML_DEPTH_MAX,
  YAML_NODES_MAX
} from '../base/index.ts'
import { compile } from './compile.ts'
import { formatDiagnostics } from './format.ts'
import { DIAGNOSTICS_MAX } from './report.ts'

const HEAD = 'apiVersion: 1.0.0\nmeta: { name: test }\n'
const BODY = `topics:
  in: { schema: { value: string } }
services:
  work: { sources: [{ type: topic, id: in }] }
`
const repeat = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('')
const code = (source: string): string =>
  `${HEAD}topics:\n  in: { schema: { value: string } }\nservices:\n  work:\n    sources: [{ type: topic, id: in }]\n` +
  `    transforms:\n      - operator: map\n        run: |\n${source.replace(/^/gm, '          ')}\n`
/** Nine anchors, each a list of nine aliases of the last: 9^9 values when followed. */
const aliases = (of: number): string => repeat(9, () => `*a${of},`)
const laughs = `a: &a0 [x,x,x,x,x,x,x,x,x]\n${repeat(9, index => `b${index}: &a${index + 1} [${aliases(index)}]\n`)}`
/** Types that refer to each other: 10 fields per level. */
const fields = (of: number): string => repeat(10, field => `f${field}: t${of},`)
const level = (index: number): string =>
  `  t${index + 1}: { type: object, properties: { ${fields(index)} } }\n`
const typeBomb = `types:\n  t0: string\n${repeat(12, level)}`
const manyFields = `types:\n  a:
    type: object
    properties:\n${repeat(TYPE_NODES_MAX, index => `      f${index}: u32\n`)}`
const topics = (count: number): string =>
  `topics:\n${repeat(count, index => `  t${index}: { schema: { value: string } }\n`)}services:\n`
const io = (topic: number): string => `{ type: topic, id: t${topic} }`
const chain = repeat(
  300,
  index => `  s${index}: { sources: [${io(index)}], sinks: [${io(index + 1)}] }\n`
)
/** Every service reads the topics of all before it. */
const dense = repeat(39, index => {
  const sources = repeat(index + 1, source => `${io(source)},`)
  return `  s${index}: { sources: [${sources}], sinks: [${io(index + 1)}] }\n`
})

/** Name, text, and a code that must be among the findings; null when the text must compile. */
const HOSTILE: readonly (readonly [string, string, string | null])[] = [
  [
    'a file beyond the limit of bytes',
    `${HEAD}${BODY}#${'x'.repeat(YAML_BYTES_MAX)}`,
    'YAML_TOO_LARGE'
  ],
  [
    'a file beyond the limit only in UTF-8',
    `${HEAD}${BODY}#${'ü'.repeat(YAML_BYTES_MAX / 2)}`,
    'YAML_TOO_LARGE'
  ],
  ['brackets a hundred thousand deep', '['.repeat(100_000), 'YAML_TOO_DEEP'],
  ['braces and brackets that never close', '{a: ['.repeat(50_000), 'YAML_TOO_DEEP'],
  ['dashes a hundred thousand deep', '- '.repeat(100_000), 'YAML_TOO_DEEP'],
  ['question marks a hundred thousand deep', '? '.repeat(100_000), 'YAML_TOO_DEEP'],
  ['a staircase of keys', repeat(500, index => `${' '.repeat(index)}a:\n`), 'YAML_TOO_DEEP'],
  [
    'brackets just beyond the limit of depth',
    `${'['.repeat(YAML_DEPTH_MAX + 2)}${']'.repeat(YAML_DEPTH_MAX + 2)}`,
    'YAML_TOO_DEEP'
  ],
  ['closing brackets only', ']'.repeat(100_000), 'YAML_SYNTAX'],
  ['aliases that multiply', laughs, 'YAML_TOO_MANY_NODES'],
  [
    'more aliases than allowed',
    `a: &a 1\nb: [${'*a,'.repeat(YAML_ALIASES_MAX + 1)}]\n`,
    'YAML_TOO_MANY_ALIASES'
  ],
  ['an alias inside its own anchor', 'apiVersion: &a [*a]\n', 'YAML_ALIAS'],
  ['an alias of a mapping around it', 'apiVersion: 1.0.0\nmeta: &m { name: *m }\n', 'YAML_ALIAS'],
  ['an alias as a key', 'a: &a x\n*a : 1\n', 'YAML_KEY'],
  ['more values than allowed', `a: [${'x,'.repeat(YAML_NODES_MAX + 1)}]\n`, 'YAML_TOO_MANY_NODES'],
  ['tokens without values', `a: [${',\n'.repeat(300_000)}]\n`, 'YAML_TOO_MANY_NODES'],
  [
    'two thousand unknown keys',
    HEAD + BODY + repeat(2000, index => `k${index}: 1\n`),
    'TOO_MANY_FINDINGS'
  ],
  [
    'two thousand near keys',
    HEAD + BODY + repeat(2000, index => `servics${index}: 1\n`),
    'TOO_MANY_FINDINGS'
  ],
  ['one key two thousand times', HEAD + BODY + 'a: 1\n'.repeat(2000), 'DUPLICATE_KEY'],
  [
    'a key of a hundred thousand letters',
    `${HEAD}${BODY}"${'k'.repeat(100_000)}": 1\n`,
    'YAML_SYNTAX'
  ],
  ['types that multiply', HEAD + typeBomb + BODY, 'TYPE_TOO_LARGE'],
  [
    'a chain of two thousand types',
    `${HEAD}types:\n${repeat(2000, index => `  t${index}: t${index + 1}\n`)}  t2000: u32\n${BODY}`,
    'TYPE_TOO_LARGE'
  ],
  [
    'a circle of a thousand types',
    `${HEAD}types:\n${repeat(1000, index => `  t${index}: t${(index + 1) % 1000}\n`)}${BODY}`,
    'TYPE_TOO_LARGE'
  ],
  ['an object of more fields than allowed', HEAD + manyFields + BODY, 'TYPE_TOO_LARGE'],
  ['a chain of three hundred services', HEAD + topics(301) + chain, null],
  ['a dense graph of services', HEAD + topics(40) + dense, null],
  [
    'a word of a hundred thousand letters as a type',
    `${HEAD}types: { a: ${'x'.repeat(100_000)} }\n${BODY}`,
    'TYPE_UNKNOWN'
  ],
  [
    'a duration of a hundred thousand digits',
    `${HEAD}errors: { backoff: ${'1'.repeat(100_000)}s }\n${BODY}`,
    'WRONG_VALUE'
  ],
  [
    'a duration that makes patterns backtrack',
    `${HEAD}errors: { backoff: ${'1s'.repeat(50)}! }\n${BODY}`,
    'WRONG_VALUE'
  ],
  [
    'a name that makes patterns backtrack',
    `apiVersion: 1.0.0\nmeta: { name: ${'a-'.repeat(20_000)} }\n${BODY}`,
    'NAME_INVALID'
  ],
  [
    'a package that makes patterns backtrack',
    code('').replace('run: |', `uses: ${'a/'.repeat(20_000)}#x`),
    'USES_INVALID'
  ],
  [
    'code of ten thousand opening brackets',
    code(`function f(a: string) { return ${'['.repeat(10_000)}`),
    'CODE_TOO_DEEP'
  ],
  [
    'code of ten thousand nested arrays',
    code(`function f(a: string) { return ${'['.repeat(10_000)}${']'.repeat(10_000)} }`),
    'CODE_TOO_DEEP'
  ],
  [
    'code of ten thousand nested types',
    code(`function f(a: ${'Array<'.repeat(10_000)}string${'>'.repeat(10_000)}) { return a }`),
    'CODE_TOO_DEEP'
  ],
  [
    'a signature of five thousand parameters',
    code(`function f(${repeat(5000, index => `a${index}: string, `)}) { return '' }`),
    'SIGNATURE'
  ],
  [
    'a signature with ten thousand comments',
    code(`function f(${'/* , ) */ '.repeat(10_000)} a: string): string { return a }`),
    null
  ],
  [
    'a union of two hundred types',
    code(`function f(a: ${repeat(200, index => `'x${index}' | `)} string) { return a }`),
    null
  ],
  ['code with a null byte', code('function f(a: string) { return "\u0000" }'), null],
  ['a lone surrogate in code', code('function f(a: string): string { return "\ud800" }'), null],
  [
    'emojis in code and types',
    code('function f(a: string | "👩‍👩‍👧" | "é"): string { return "👩‍👩‍👧" + a }'),
    null
  ],
  ['a null byte in a key', `${HEAD}"a\\0b": 1\n${BODY}`, 'UNKNOWN_KEY'],
  ['a terminal escape in a key', `${HEAD}"a\\e[2J": 1\n${BODY}`, 'UNKNOWN_KEY'],
  ['a byte order mark', `\ufeff${HEAD}${BODY}`, null],
  [
    'line separators of Unicode',
    `${HEAD.replace('name: test', 'name: "te\u2028st"')}${BODY}`,
    'NAME_INVALID'
  ],
  ['old line ends', (HEAD + BODY).replaceAll('\n', '\r'), 'YAML_SYNTAX'],
  ['directives', `%YAML 1.1\n%TAG ! tag:evil,2000:\n---\n${HEAD}${BODY}`, null],
  ['a hundred thousand documents', '---\n'.repeat(100_000), 'YAML_DOCUMENTS'],
  ['twenty thousand comments', `${'# x\n'.repeat(20_000)}${HEAD}${BODY}`, null],
  ['twenty thousand blank lines', `${HEAD}${'\n'.repeat(20_000)}${BODY}`, null],
  [
    'proto as a property of a type',
    `${HEAD}types: { a: { type: object, properties: { __proto__: string } } }\n${BODY}`,
    'FORBIDDEN_KEY'
  ],
  [
    'proto as a parameter',
    code('function f(a: string): string { return a }').replace(
      'run: |',
      'with: { __proto__: x }\n        run: |'
    ),
    'FORBIDDEN_KEY'
  ],
  [
    'toString as a topic',
    `${HEAD}${BODY.replace('in:', 'toString:').replace('id: in', 'id: toString')}`,
    null
  ],
  [
    'hasOwnProperty as a service and its state',
    `${HEAD}${BODY.replace('work', 'hasOwnProperty')}`,
    null
  ],
  ['Infinity as a number', `${HEAD}errors: { retries: .inf }\n${BODY}`, 'WRONG_KIND'],
  ['not a number', `${HEAD}errors: { retries: .nan }\n${BODY}`, 'WRONG_KIND']
]

test('there are at least 30 hostile texts', () => ok(HOSTILE.length >= 30))

for (const [name, text, expected] of HOSTILE) {
  test(`${name}: ${expected ?? 'harmless'}`, () => {
    const start = performance.now()
    const { plan, diagnostics } = compile(text, {
      file: 'hostile.yaml',
      readModule: () => `export ${'{'.repeat(10_000)}`
    })
    const took = performance.now() - start
    const codes = diagnostics.map(diagnostic => diagnostic.code)
    const shown = formatDiagnostics(diagnostics.slice(0, 5), text, { color: false })
    if (expected === null) ok(plan !== null, shown)
    else ok(codes.includes(expected) && plan === null, `${codes.slice(0, 10).join(' ')}\n${shown}`)
    strictEqual(/[^\P{Cc}\n\t]/u.test(shown), false, 'what is shown must not steer a terminal')
    ok(diagnostics.length <= DIAGNOSTICS_MAX + 1)
    if (process.env['MILLRACE_TIMES'] === '1') console.log(`${took.toFixed(0)} ms ${name}`)
    ok(took < 5000, `took ${took.toFixed(0)} ms`)
  })
}
