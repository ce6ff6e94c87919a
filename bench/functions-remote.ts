// Benches of remote functions: one endpoint of Node with the original JavaScript SDK in its own process, durable and
// exactly once on the disk log; the ceiling posts the same batches to the same process without any SDK.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request as post } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import {
  type FunctionEndpoint,
  RemoteEndpoint,
  addressOf,
  compileModule
} from '../src/functions/index.ts'
import { protocol3 } from '../src/functions/remote/wire/index.ts'
import { Suite } from './harness.ts'
import { FunctionsWorld, VALUE, clock } from './support/functions-world.ts'

/** Posts under way at once in the ceiling: with more it is not faster. */
const POSTS = 64
const COUNT = { typename: 'io.statefun.types/int', bytes: Uint8Array.of(13, 1, 0, 0, 0) }

const world = await FunctionsWorld.open()
const server: ChildProcess = spawn(
  process.execPath,
  ['--conditions=millrace-source', join(import.meta.dirname, 'support', 'original-endpoint.ts')],
  { stdio: ['pipe', 'pipe', 'inherit'] }
)
const [port] = (await once(createInterface(server.stdout!), 'line')) as [string]
const url = `http://127.0.0.1:${port}`

/** Messages of one call in the last run, on average. */
let batchMean = 1

/** Runs a new application over a topic to its end; gives how many messages were processed. */
async function run(topic: string, records: number): Promise<number> {
  const { plan } = compileModule(
    `kind: io.statefun.endpoints.v2/http\nspec: { functions: bench/*, urlPathTemplate: "${url}/" }\n`,
    { file: 'module.yaml' }
  )
  const remote = new RemoteEndpoint({
    plan: plan!.endpoints[0]!,
    clock,
    allowPrivate: false,
    tls: {}
  })
  let calls = 0
  const endpoint: FunctionEndpoint = {
    functions: remote.functions,
    maxNumBatchRequests: remote.maxNumBatchRequests,
    call(...batch) {
      calls++
      return remote.call(...batch)
    }
  }
  const application = { functions: [], endpoints: [endpoint] }
  const { recordsIn } = await world.run(topic, 'bench/counter', application)
  await remote.close()
  if (recordsIn !== records) throw new Error(`${recordsIn} of ${records} records came`)
  batchMean = records / calls
  return records
}

/** Posts as many batches of the same size, and gets the same reply, with no SDK and no runtime. */
async function bare(records: number): Promise<number> {
  const size = Math.max(1, Math.round(batchMean))
  const invocations = Array.from({ length: size }, () => ({
    caller: null,
    argument: { typename: 'bench/record', bytes: VALUE }
  }))
  const state = [{ name: 'count', value: COUNT }]
  const target = addressOf('bench/counter', 'user-1')
  const body = protocol3.encodeToFunction({ target, state, invocations })
  const mutations = [{ name: 'count', value: COUNT }]
  const effects = { mutations, messages: [], delayed: [], egress: [] }
  const agent = new Agent({ keepAlive: true, maxSockets: POSTS })
  await exchange(
    '/reply',
    Buffer.from(protocol3.encodeFromFunction({ kind: 'result', effects })),
    agent
  )
  let left = Math.ceil(records / size)
  const worker = async (): Promise<void> => {
    while (left-- > 0) await exchange('/bare', body, agent)
  }
  await Promise.all(Array.from({ length: POSTS }, worker))
  agent.destroy()
  return records
}

function exchange(path: string, body: Uint8Array, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': body.length }
    const sent = post(`${url}${path}`, { method: 'POST', agent, headers }, response => {
      response.on('data', () => {}).on('end', resolve)
    })
    sent.on('error', reject).end(body)
  })
}

const suite = new Suite('functions-remote', {
  about:
    'messages through remote counters with one int each: one task in one thread, durable and exactly once, one ' +
    'endpoint process with the original JavaScript SDK; the ceiling posts batches of the same size and gets the ' +
    'same replies, with bare node:http on both sides',
  notMeasured: ['Endpoints on other machines.', 'SDKs of other languages.']
})

// Few addresses have a batch waiting whenever a call ends; of many each call carries one message or two.
for (const { addresses, records, goal } of [
  { addresses: 100, records: 150_000, goal: 30_000 },
  { addresses: 1_000, records: 30_000, goal: null },
  { addresses: 10_000, records: 20_000, goal: null }
]) {
  const topic = `spread-${addresses}`
  await world.fill(topic, records, addresses)
  await suite.measure(
    `counter, ${addresses} addresses`,
    {
      unit: 'messages',
      warmup: 1,
      runs: 2,
      ceiling: { name: 'bare HTTP', run: () => bare(records) },
      ...(goal !== null && { goal })
    },
    () => run(topic, records)
  )
  console.error(`${addresses} addresses: ${batchMean.toFixed(1)} messages a call`)
}
suite.finish()
server.stdin!.end()
await world.close()
world.remove()
