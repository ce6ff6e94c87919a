// A real Apache Kafka broker in KRaft mode from its Maven jars, on free ports, in a temporary folder.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { cacheFolder, fetchOnce, hasCommand } from '../kafka/toolchain.ts'

const VERSION = '4.1.0'
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>test</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
<version>${VERSION}</version></dependency></dependencies></project>`

const PATIENCE_MS = 60_000
const LOOK_MS = 50

/** A broker that runs. */
export interface RealKafka {
  readonly bootstrap: string
  stop(): Promise<void>
}

/** The folder with its jars, or why there is none. */
export function kafkaJars(): { readonly jars: string } | { readonly skip: string } {
  if (!hasCommand('java', '-version')) return { skip: 'java is not installed' }
  if (!hasCommand('mvn')) return { skip: 'mvn is not installed' }
  const folder = cacheFolder(`kafka-server-${VERSION}`)
  writeFileSync(join(folder, 'pom.xml'), POM)
  const problem = fetchOnce(folder, 'mvn', [
    '-q',
    '-B',
    'dependency:copy-dependencies',
    '-DoutputDirectory=jars'
  ])
  return problem === null ? { jars: join(folder, 'jars') } : { skip: problem }
}

/** Starts a broker that is its own controller; resolves when it takes connections. */
export async function startKafka(jars: string): Promise<RealKafka> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-real-kafka-'))
  const [port, controllerPort] = [await freePort(), await freePort()]
  const config = join(folder, 'server.properties')
  writeFileSync(config, propertiesOf(folder, port, controllerPort))
  const java = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${jars}/*`]
  const cluster = randomBytes(16).toString('base64url')
  const format = ['kafka.tools.StorageTool', 'format', '-t', cluster, '-c', config]
  const formatted = spawnSync('java', [...java, ...format], { encoding: 'utf8' })
  if (formatted.status !== 0) throw new Error(`formatting failed: ${formatted.stderr}`)
  const child = spawn('java', [...java, 'kafka.Kafka', config], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-4_000)))
  }
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const bootstrap = `127.0.0.1:${port}`
  try {
    await untilReady(bootstrap, () => child.exitCode !== null)
    return { bootstrap, stop }
  } catch (error) {
    await stop()
    throw new Error(`the broker did not come up: ${said}`, { cause: error })
  }
}

function propertiesOf(folder: string, port: number, controllerPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `log.dirs=${join(folder, 'data')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
    'num.network.threads=1',
    'num.io.threads=2',
    ''
  ].join('\n')
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

async function untilReady(bootstrap: string, hasEnded: () => boolean): Promise<void> {
  const { Admin } = await import('@platformatic/kafka')
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [bootstrap], retries: 0 })
    admin.on('error', () => {})
    try {
      const { brokers } = await admin.metadata({ topics: [] })
      if (brokers.size > 0) return
    } catch (error) {
      if (hasEnded() || performance.now() > deadline) throw error
    } finally {
      await admin.close()
    }
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}
