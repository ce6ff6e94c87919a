// An Apache Kafka broker from its Maven jars: one node in KRaft mode, in a folder and on ports of its own.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ended, freePort, listens, started } from './server-process.ts'
import { cacheFolder, fetchOnce, hasCommand } from './toolchain.ts'

/** The version of broker and tools. */
export const APACHE_KAFKA = '4.3.0'

const pom = (artifact: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>test</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId>
<version>${APACHE_KAFKA}</version></dependency></dependencies></project>`

/**
 * The class path of an artifact of Kafka with what it needs, fetched once: `kafka-tools` for clients and tools,
 * `kafka_2.13` for the broker. @returns `missing` says why there is none
 */
export function kafkaJars(
  artifact: 'kafka-tools' | 'kafka_2.13'
): { readonly classPath: string } | { readonly missing: string } {
  if (!hasCommand('java', '-version')) return { missing: 'java is not installed' }
  if (!hasCommand('mvn')) return { missing: 'mvn is not installed' }
  const folder = cacheFolder(`${artifact}-${APACHE_KAFKA}`)
  writeFileSync(join(folder, 'pom.xml'), pom(artifact))
  const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars']
  const missing = fetchOnce(folder, 'mvn', goal)
  return missing === null ? { classPath: `${folder}/jars/*` } : { missing }
}

/** A running broker. */
export interface ApacheKafka {
  /** `host:port` of its clients. */
  readonly bootstrap: string
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

/** Starts a broker; `settings` are lines of its server.properties beside the necessary ones. */
export async function startApacheKafka(
  classPath: string,
  settings: readonly string[] = []
): Promise<ApacheKafka> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-apache-kafka-'))
  const [clients, controller] = await Promise.all([freePort(), freePort()])
  const properties = join(folder, 'server.properties')
  writeFileSync(properties, serverProperties(folder, clients, controller, settings))
  const java = ['-Xmx512m', '-cp', classPath]
  const format = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', clusterId()]
  const formatted = spawnSync('java', [...java, ...format, '-c', properties], { encoding: 'utf8' })
  if (formatted.status !== 0) throw new Error(`Kafka's storage: ${formatted.stderr}`)
  const broker = spawn('java', [...java, 'kafka.Kafka', properties], { stdio: 'ignore' })
  const stop = async (): Promise<void> => {
    await ended(broker)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await started('Kafka', broker, () => listens(clients))
  } catch (error) {
    await stop()
    throw error
  }
  return { bootstrap: `127.0.0.1:${clients}`, stop }
}

function serverProperties(
  folder: string,
  clients: number,
  controller: number,
  settings: readonly string[]
): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.bootstrap.servers=127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${clients},CONTROLLER://127.0.0.1:${controller}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(folder, 'data')}`,
    'offsets.topic.num.partitions=1',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    ...settings
  ].join('\n')
}

/** 16 bytes in URL-safe Base64, as Kafka names clusters. */
function clusterId(): string {
  return Buffer.from('millrace-tests-1').toString('base64url')
}
