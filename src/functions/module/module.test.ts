// Tests what case files cannot: several files together, addresses, URLs of functions, units, hostile texts.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../../base/index.ts'
import { parseFlinkDuration, parseStartupDate } from './durations.ts'
import {
  combineModules,
  compileModule,
  endpointUrl,
  findEndpoint,
  mapAddresses,
  type ModulePlan
} from './index.ts'

function compiled(text: string, file = 'module.yaml'): ModulePlan {
  const { plan, diagnostics } = compileModule(text, { file })
  deepStrictEqual(diagnostics, [])
  return plan!
}

const endpoint = (functions: string, url = 'http://h/'): string =>
  `kind: io.statefun.endpoints.v2/http\nspec: { functions: ${functions}, urlPathTemplate: "${url}" }\n`
const ingress = (id: string, address: string): string =>
  `kind: io.statefun.kafka.v1/ingress\nspec:\n  id: ${id}\n  address: ${address}\n` +
  '  topics: [ { topic: t, valueType: a/t, targets: [a/f] } ]\n'
const egress = (id: string, address: string): string =>
  `kind: io.statefun.kafka.v1/egress\nspec: { id: ${id}, address: "${address}" }\n`

const http = (id: string, path: string, port: string): string =>
  `kind: io.millrace.http.v1/ingress\nspec:\n  id: ${id}\n  path: ${path}\n${port}` +
  '  valueType: a/V\n  targets: [a/f]\n'

test('modules are put together, and what two of them declare is found with both places', () => {
  const one = compiled(endpoint('a/*'), 'one.yaml')
  const two = compiled(`${endpoint('b/*')}---\n${ingress('a/in', 'k:1')}`, 'two.yaml')
  const together = combineModules([one, two])
  deepStrictEqual(together.diagnostics, [])
  strictEqual(together.plan?.endpoints.length, 2)
  strictEqual(together.plan.ingresses.length, 1)
  const three = compiled(`${ingress('a/in', 'k:2')}---\n${endpoint('b/*')}`, 'three.yaml')
  const { plan, diagnostics } = combineModules([one, two, three])
  strictEqual(plan, null)
  deepStrictEqual(
    diagnostics.map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`),
    [
      'three.yaml:8 COMPONENT_DUPLICATE the functions "b/*" is already declared in two.yaml:2',
      'three.yaml:3 COMPONENT_DUPLICATE the ingress "a/in" is already declared in two.yaml:6'
    ]
  )
})

test('HTTP components that would take each other’s requests are found', () => {
  const playground = 'kind: io.statefun.playground.v1/ingress\nspec: { port: 8090 }\n'
  const fine = [
    http('a/one', '/orders/{id}', ''),
    http('a/two', '/orders/{id}/events', ''),
    http('a/three', '/orders/{id}', '  port: 1\n'),
    http('a/four', '/carts/{id}', ''),
    playground
  ]
  deepStrictEqual(combineModules([compiled(fine.join('---\n'))]).diagnostics, [])
  const found = combineModules([
    compiled([http('a/one', '/orders/{id}', ''), playground].join('---\n'), 'one.yaml'),
    compiled(http('a/two', '/{id}/open', ''), 'two.yaml'),
    compiled(http('a/three', '/x/{id}', '  port: 8090\n'), 'three.yaml'),
    compiled(
      'kind: io.statefun.playground.v1/egress\nspec: { port: 8090, topics: [t] }\n',
      'four.yaml'
    )
  ])
  strictEqual(found.plan, null)
  deepStrictEqual(
    found.diagnostics.map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`),
    [
      'two.yaml:3 HTTP_PATH_DUPLICATE a request may fit both "/{id}/open" and "/orders/{id}" of one.yaml:3',
      'three.yaml:3 HTTP_PORT_DUPLICATE port 8090 is taken by io.statefun.playground/ingress in one.yaml:9',
      'four.yaml:2 HTTP_PORT_DUPLICATE port 8090 is taken by io.statefun.playground/ingress in one.yaml:9'
    ]
  )
})

test('addresses that are mapped to local become topics of the engine', () => {
  const plan = compiled(
    [ingress('a/in', 'kafka-1:9092, kafka-2:9092'), egress('a/out', 'k:1')].join('---\n')
  )
  const mapped = mapAddresses(plan, ['kafka-1:9092,kafka-2:9092', 'k:1'])
  deepStrictEqual(mapped.diagnostics, [])
  for (const component of [...mapped.plan!.ingresses, ...mapped.plan!.egresses]) {
    ok(component.kind === 'topic')
    strictEqual(component.address, null)
  }
})

test('addresses that are not mapped are refused with the option that maps them', () => {
  const plan = compiled([ingress('a/in', 'kafka:9092'), egress('a/out', 'k:1')].join('---\n'))
  const { plan: mapped, diagnostics } = mapAddresses(plan, ['k:1'])
  strictEqual(mapped, null)
  const [finding, ...others] = diagnostics
  deepStrictEqual(others, [])
  strictEqual(`${finding!.line}:${finding!.column} ${finding!.code}`, '4:12 CLUSTER_UNAVAILABLE')
  ok(finding!.hint?.includes('--map-address kafka:9092=local'))
})

test('an exact type goes before a namespace', () => {
  const plan = compiled(
    [endpoint('a/*', 'http://all/'), endpoint('a/f', 'http://f/')].join('---\n')
  )
  strictEqual(findEndpoint(plan, 'a', 'f')?.url.host, 'f')
  strictEqual(findEndpoint(plan, 'a', 'g')?.url.host, 'all')
  strictEqual(findEndpoint(plan, 'b', 'f'), null)
})

for (const [template, name, url] of [
  ['http://h:8000/statefun', 'f', 'http://h:8000/statefun'],
  ['http://h', 'f', 'http://h/'],
  ['https://h/{function.name}?f={function.name}', 'greet', 'https://h/greet?f=greet'],
  ['http://{function.name}.internal:81/x', 'greet', 'http://greet.internal:81/x'],
  ['http://h/{function.name}', '../../etc?x#y', 'http://h/..%2F..%2Fetc%3Fx%23y'],
  ['http+unix:///run/a.sock/x/{function.name}', 'f', 'http://localhost/x/f'],
  ['https+unix:///run/a.sock', 'f', 'https://localhost/']
] as const) {
  test(`the URL of ${name} at ${template}`, () => {
    const plan = compiled(endpoint('a/*', template))
    strictEqual(endpointUrl(plan.endpoints[0]!.url, name), url)
  })
}

test('a file URL that is no text is a finding', () => {
  const transport = 'transport: { trust_cacerts: "file:///a%" }'
  deepStrictEqual(codesOf(endpoint('a/*').replace(' }\n', `, ${transport} }\n`)), ['WRONG_URL'])
})

test('durations are Flink’s', () => {
  for (const [text, milliseconds] of [
    ['1day', 86_400_000],
    ['2 days', 172_800_000],
    ['3h', 10_800_000],
    ['15min', 900_000],
    ['15 m', 900_000],
    ['20s', 20_000],
    ['7 SECONDS', 7000],
    ['100000', 100_000],
    ['5ms', 5],
    ['1500µs', 2],
    ['1 μs', 1],
    ['1ns', 1],
    ['0', 0],
    ['', null],
    ['s', null],
    ['-1s', null],
    ['1.5s', null],
    ['1m 30s', null],
    ['1 constructor', null],
    ['999999999999999 d', null]
  ] as const) {
    strictEqual(parseFlinkDuration(text), milliseconds, text)
  }
})

test('dates of a startup position have an offset', () => {
  const noon = Date.UTC(2026, 0, 31, 12)
  strictEqual(parseStartupDate('2026-01-31 12:00:00.000 +0000'), noon)
  strictEqual(parseStartupDate('2026-01-31 12:00:00.000 Z'), noon)
  strictEqual(parseStartupDate('2026-01-31 13:00:00.000 +0100'), noon)
  strictEqual(parseStartupDate('2026-01-31 08:30:00.000 -03:30'), noon)
  for (const text of ['2026-13-01 00:00:00.000 Z', '2026-01-31 24:00:00.000 Z', '2026-01-31', '']) {
    strictEqual(parseStartupDate(text), null, text)
  }
})

test('compiling is total: damaged case files give diagnostics, never an exception', () => {
  const seed = 20_260_131
  const random = new SeededRandom(seed)
  const folder = join(import.meta.dirname, 'cases')
  const texts = globSync('*.yaml', { cwd: folder })
    .toSorted()
    .map(name => readFileSync(join(folder, name), 'utf8'))
  const parts = [':', '- ', '\n', ' ', '{', ']', '*', '&a', '---\n', '"', "'", '|', '#', '~', '\0']
  for (let round = 0; round < 600; round++) {
    let text = texts[random.below(texts.length)]!
    for (let change = 0; change < 3; change++) {
      const at = random.below(text.length + 1)
      const part = parts[random.below(parts.length)]!
      text = text.slice(0, at) + part + text.slice(at + random.below(4))
    }
    const { plan, diagnostics } = compileModule(text, { file: 'x' })
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    strictEqual(plan === null, errors.length > 0, `seed ${seed}, round ${round}:\n${text}`)
    for (const { line, column, length } of diagnostics) ok(line >= 1 && column >= 1 && length >= 1)
  }
})

const codesOf = (text: string): string[] =>
  compileModule(text, { file: 'x' }).diagnostics.map(({ code }) => code)

test('files beyond the limits are refused', () => {
  const document = `${endpoint('a/*')}---\n`
  ok(codesOf(document.repeat(1001)).includes('YAML_DOCUMENTS'))
  deepStrictEqual(codesOf(' '.repeat(1024 * 1024 + 1)), ['YAML_TOO_LARGE'])
  deepStrictEqual(codesOf('['.repeat(100)), ['YAML_TOO_DEEP'])
})
