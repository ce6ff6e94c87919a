// Benches of the front door: produce and consume over TCP, by a client of others in a process of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { Admin } from '@platformatic/kafka'

import { finished } from '../test/command.ts'
import { Suite } from './harness.ts'

const BYTES = 20 * 1024 * 1024
const ROUNDS = 2
const cpuMs: number[] = []
const CLIENT = resolve(import.meta.dirname, 'support/kafka-client.ts')
const COMMAND = resolve(import.meta.dirname, '../bin/millrace.js')
const OPTIONS = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
const SIZES = [
  { bytes: 100, name: '100 B', goal: 300_000 },
  { bytes: 1_024, name: '1 KiB', goal: 60_000 }
]

const suite = new Suite('kafka', {
  about:
    'The server and the client are processes of their own on one machine of two cores, over loopback; what is ' +
    'acknowledged is fsynced (acks −1). The client is @platformatic/kafka, 64 KiB a batch, 8 under way; the ceiling ' +
    'sends the same batches, encoded before.',
  notMeasured: [
    'Latency at half load, and memory with 1,000 connections.',
    'NATS JetStream and Apache Kafka beside it.',
    'Compressed batches, whose records the broker looks through.'
  ]
})

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const server = spawn(process.execPath, [
  ...OPTIONS,
  COMMAND,
  'start',
  '--data-dir',
  folder,
  '--listen',
  '127.0.0.1:0'
])
try {
  const bootstrap = await addressOf(server)
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap] })
  for (const size of SIZES) {
    for (const partitions of [1, 16]) await measure(admin, bootstrap, size, partitions)
  }
  await admin.close()
  suite.finish()
} finally {
  server.kill('SIGINT')
  await new Promise(resolve => server.once('close', resolve))
  rmSync(folder, { recursive: true, force: true })
}

async function measure(
  admin: Admin,
  bootstrap: string,
  { bytes, name, goal }: (typeof SIZES)[number],
  partitions: number
): Promise<void> {
  const topic = `t-${bytes}-${partitions}`
  await admin.createTopics({ topics: [topic, `${topic}-raw`], partitions, replicas: 1 })
  const count = Math.floor(BYTES / bytes)
  const label = `${name}, ${partitions} partition${partitions === 1 ? '' : 's'}`
  const rateOf = async (mode: string, of: string): Promise<number> => {
    const elapsedMs = await client([mode, bootstrap, of, partitions, bytes, count])
    return count / (elapsedMs / 1_000)
  }
  const produced: number[] = []
  const prepared: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    prepared.push(await rateOf('prepared', `${topic}-raw`))
    const before = serverCpuMs()
    produced.push(await rateOf('produce', topic))
    cpuMs.push(((serverCpuMs() - before) * 1e6) / count)
  }
  const ceiling = { name: 'prepared batches', samples: prepared }
  suite.rates(`produce ${label}`, { unit: 'records', goal, ceiling }, produced)
  suite.value(`CPU of the server for produce ${label}`, { unit: 'ms per million' }, cpuMs.splice(0))
  const consumed: number[] = []
  for (let round = 0; round < ROUNDS; round++) consumed.push(await rateOf('consume', topic))
  suite.rates(`consume ${label}`, { unit: 'records', goal }, consumed)
}

/** Runs a client; gives the milliseconds that it measured. */
async function client(args: readonly (string | number)[]): Promise<number> {
  const child = spawn(process.execPath, [...OPTIONS, CLIENT, ...args.map(String)])
  const { stdout, stderr, code } = await finished(child)
  if (code !== 0) throw new Error(`the client ended with ${code}: ${stderr}`)
  return (JSON.parse(stdout) as { readonly elapsedMs: number }).elapsedMs
}

/** CPU time of the server so far, from the kernel: user and system in hundredths of a second. */
function serverCpuMs(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function addressOf(child: ChildProcess): Promise<string> {
  let said = ''
  return await new Promise((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const address = /kafka +(\S+:\d+)/.exec(said)?.[1]
      if (address !== undefined && said.includes('ready in')) resolve(address)
    })
    child.once('close', code => reject(new Error(`the server ended with ${code}: ${said}`)))
  })
}
