// A greeter of StateFun 2.x, whatever serves it: what it must do behind the layouts of 1.0, of 2.0 and of the README.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { run } from '../command.ts'

/** The type of the messages of the ingress. */
export const GREET = 'com.googleapis/example.GreetRequest'

function folderWith(context: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-2x-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

const INPUT = ['--in', 'names=names.txt', '--key-separator', ':', '--out', 'greetings=-', '--drain']
const NAMES = 'Ada:Ada\nBob:Bob\nAda:Ada\n'

/** The layout of 1.0 and 2.0 as a whole, with the states that stand under `states`. */
function module2(version: string, url: string, states: string): string {
  return `version: "${version}"
module:
  meta: { type: remote }
  spec:
    functions:
      - function:
          meta: { kind: http, type: example/greeter }
          spec: { endpoint: ${url}, states: ${states}, maxNumBatchRequests: 500, timeout: 2min }
      - function:
          meta: { kind: http, type: example/printer }
          spec: { endpoint: ${url} }
    ingresses:
      - ingress:
          meta: { type: statefun.kafka.io/routable-protobuf-ingress, id: example/names }
          spec:
            address: kafka:9092
            consumerGroupId: my-group-id
            startupPosition: { type: earliest }
            topics: [{ topic: names, typeUrl: ${GREET}, targets: [example/greeter] }]
    egresses:
      - egress:
          meta: { type: statefun.kafka.io/generic-egress, id: example/greets }
          spec:
            address: kafka:9092
            deliverySemantic: { type: exactly-once, transactionTimeoutMillis: 100000 }
`
}

async function greetings(folder: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(['run', ...args, ...INPUT], folder)
  strictEqual(code, 0, stderr)
  match(stderr, /0 failed/)
  return stdout.trimEnd().split('\n').toSorted()
}

const GREETED = [
  'Nice to see you again Ada (greeter)',
  'Welcome Ada (greeter)',
  'Welcome Bob (greeter)'
]

/**
 * Runs the functions `example/greeter` and `example/printer` of an endpoint. The first one greets by how often a name
 * was seen, and says goodbye two hours later; the printer writes what is said, and who has said it.
 */
export async function checkGreeter(context: TestContext, url: string): Promise<void> {
  await context.test('a module of 1.0 runs, and goes on after a restart', async () => {
    const module = module2('1.0', url, '[seen_count]')
    const folder = folderWith(context, { 'module.yaml': module, 'names.txt': NAMES })
    const args = ['module.yaml', '--map-address', 'kafka:9092=local']
    deepStrictEqual(await greetings(folder, ...args), GREETED)
    writeFileSync(join(folder, 'names.txt'), 'Bob:Bob\n')
    deepStrictEqual(await greetings(folder, ...args), [
      'Nice to see you again Ada (greeter)',
      'Nice to see you again Bob (greeter)',
      ...GREETED.slice(1)
    ])
  })

  await context.test(
    'delayed messages come later; states of 2.0 expire as the module file says',
    async () => {
      const args = ['module.yaml', '--map-address', 'kafka:9092=local']
      const time = ['--ephemeral', '--advance-time', '3h']
      for (const [version, states, seen] of [
        ['1.0', '[seen_count]', { Ada: 2, Bob: 1 }],
        [
          '2.0',
          '[{ name: seen_count, expireAfter: 1h, expireMode: after-write }]',
          { Ada: 0, Bob: 0 }
        ]
      ] as const) {
        const module = module2(version, url, states)
        const folder = folderWith(context, { 'module.yaml': module, 'names.txt': NAMES })
        deepStrictEqual(await greetings(folder, ...args, ...time), [
          `Bye Ada, seen ${seen.Ada} times (greeter)`,
          `Bye Ada, seen ${seen.Ada} times (greeter)`,
          `Bye Bob, seen ${seen.Bob} times (greeter)`,
          ...GREETED
        ])
      }
    }
  )

  await context.test(
    'the list of functions of the README runs beside components of today',
    async () => {
      const list = ['greeter', 'printer']
        .map(
          name => `- function:
    kind: http
    type: example/${name}
    endpoint: ${url}
    states: [seen_count]
`
        )
        .join('')
      const io = `kind: io.millrace.topic.v1/ingress
spec:
  id: example/names
  startupPosition: { type: earliest }
  topics: [{ topic: names, valueType: ${GREET}, targets: [example/greeter] }]
---
kind: io.millrace.topic.v1/egress
spec: { id: example/greets }
`
      const folder = folderWith(context, {
        'functions.yaml': list,
        'io.yaml': io,
        'names.txt': NAMES
      })
      deepStrictEqual(await greetings(folder, '.'), GREETED)
    }
  )
}
