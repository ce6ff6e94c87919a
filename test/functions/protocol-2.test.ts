// Functions of StateFun 2.x: its module files and its protocol, with an endpoint that is written here from what is said
// of the protocol alone. test/sdks has the same with the original SDK.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import protobuf from 'protobufjs'
import { GREET, checkGreeter } from './greeter-2.ts'

const SCHEMA = `syntax = "proto3";
message Any { string type_url = 1; bytes value = 2; }
message Address { string namespace = 1; string type = 2; string id = 3; }
message State { string state_name = 1; bytes state_value = 2; }
message Call { Address caller = 1; Any argument = 2; }
message Batch { Address target = 1; repeated State state = 2; repeated Call invocations = 3; }
message ToFunction { Batch invocation = 100; }
message Mutation { int32 mutation_type = 1; string state_name = 2; bytes state_value = 3; }
message Send { Address target = 1; Any argument = 2; }
message Delayed { int64 delay_in_ms = 1; Address target = 2; Any argument = 3; }
message Egress { string egress_namespace = 1; string egress_type = 2; Any argument = 3; }
message Result {
  repeated Mutation state_mutations = 1; repeated Send outgoing_messages = 2;
  repeated Delayed delayed_invocations = 3; repeated Egress outgoing_egresses = 4;
}
message FromFunction { Result invocation_result = 100; }
message KafkaProducerRecord { string key = 1; bytes value_bytes = 2; string topic = 3; }
`
const { root } = protobuf.parse(SCHEMA, { keepCase: true })
const [toFunction, fromFunction, record] = [
  'ToFunction',
  'FromFunction',
  'KafkaProducerRecord'
].map(name => root.lookupType(name)) as [protobuf.Type, protobuf.Type, protobuf.Type]
const KAFKA = 'type.googleapis.com/org.apache.flink.statefun.flink.io.KafkaProducerRecord'
const HOUR_MS = 3_600_000

interface Address {
  readonly namespace: string
  readonly type: string
  readonly id: string
}

interface Any {
  readonly type_url: string
  readonly value: Buffer
}

interface Batch {
  readonly target: Address
  readonly state: readonly { readonly state_name: string; readonly state_value?: Buffer }[]
  readonly invocations: readonly { readonly caller: Address | null; readonly argument: Any }[]
}

/** Greets by how often a name was seen, and says goodbye two hours later; a printer writes what is said. */
function result({ target, state, invocations }: Batch): object {
  const self = { ...target }
  if (target.type === 'printer') {
    const outgoing_egresses = invocations.map(({ caller, argument }) => {
      const value_bytes = Buffer.from(`${argument.value.toString()} (${caller!.type})`)
      const value = record.encode({ key: target.id, value_bytes, topic: 'greetings' }).finish()
      const argumentOf = { type_url: KAFKA, value }
      return { egress_namespace: 'example', egress_type: 'greets', argument: argumentOf }
    })
    return { outgoing_egresses }
  }
  const { state_value: stored } = state.find(({ state_name }) => state_name === 'seen_count')!
  let seen = Number(stored?.toString() ?? 0)
  const say = (text: string) => ({
    target: { ...self, type: 'printer' },
    argument: { type_url: 'example/text', value: Buffer.from(text) }
  })
  const outgoing_messages: object[] = []
  const delayed_invocations: object[] = []
  for (const { argument } of invocations) {
    const isLater = argument.type_url !== GREET
    const name = argument.value.toString()
    if (isLater) outgoing_messages.push(say(`Bye ${name}, seen ${seen} times`))
    else {
      outgoing_messages.push(say(`${++seen === 1 ? 'Welcome' : 'Nice to see you again'} ${name}`))
      const later = { type_url: 'example/later', value: argument.value }
      delayed_invocations.push({ delay_in_ms: 2 * HOUR_MS, target: self, argument: later })
    }
  }
  const state_value = Buffer.from(String(seen))
  const state_mutations = [{ mutation_type: 1, state_name: 'seen_count', state_value }]
  return { state_mutations, outgoing_messages, delayed_invocations }
}

/** Serves them; gives the URL. */
async function serve(context: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const decoded = toFunction.decode(Buffer.concat(chunks))
      const { invocation } = toFunction.toObject(decoded, { arrays: true }) as { invocation: Batch }
      const reply = fromFunction.encode({ invocation_result: result(invocation) }).finish()
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(reply)
    })
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/statefun`
}

test('functions that speak the protocol of 2.x run behind its module files', async context => {
  await checkGreeter(context, await serve(context))
})
