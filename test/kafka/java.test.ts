// The Java client and the console tools of Apache Kafka 4.3 from Maven, unchanged, against the broker.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import type { Finished } from '../command.ts'
import { kafkaJars } from './apache-kafka.ts'
import { withoutOpenssl } from './certificates.ts'
import { brokerFor, temporaryFolder } from './kit.ts'
import { USERS, tlsBrokerFor } from './secure-kit.ts'
import { runTool } from './toolchain.ts'

const jars = kafkaJars('kafka-tools')
const skip = 'missing' in jars ? jars.missing : false
const classPath = 'classPath' in jars ? jars.classPath : ''

function java(args: readonly string[], input = ''): Promise<Finished> {
  const options = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath]
  return runTool('java', [...options, ...args], { input })
}

const tool = (name: string, bootstrap: string, args: readonly string[], input = '') =>
  java([`org.apache.kafka.tools.${name}`, '--bootstrap-server', bootstrap, ...args], input)

test('the Java client does all that it can', { skip }, async t => {
  const { bootstrap, problems } = await brokerFor(t)
  const program = join(import.meta.dirname, 'clients', 'Client.java')
  const { code, stdout, stderr } = await java([program, bootstrap])
  strictEqual(code, 0, stderr)
  strictEqual(stdout.trim(), 'done')
  deepStrictEqual(problems, [])
})

/** A file of properties by which Kafka's tools and clients log in. */
function propertiesFile(t: TestContext, authority: string, user: string): string {
  const path = join(temporaryFolder(t), 'client.properties')
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule'
  const lines = [
    'security.protocol=SASL_SSL',
    'sasl.mechanism=SCRAM-SHA-512',
    `sasl.jaas.config=${module} required username="${user}" password="${USERS[user]!}";`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${authority}`
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

const skipSecure = skip || withoutOpenssl

test(
  'the Java client does the same over TLS, logged in by SCRAM',
  { skip: skipSecure },
  async t => {
    const { bootstrap, problems, authority } = await tlsBrokerFor(t)
    const program = join(import.meta.dirname, 'clients', 'Client.java')
    const properties = propertiesFile(t, authority.certificate, 'admin')
    const { code, stdout, stderr } = await java([program, bootstrap, properties])
    strictEqual(code, 0, stderr)
    strictEqual(stdout.trim(), 'done')
    deepStrictEqual(problems, [])
  }
)

test(
  "Kafka's tools keep access rules, which hold for their users",
  { skip: skipSecure },
  async t => {
    const started = await tlsBrokerFor(t)
    const { bootstrap, authority } = started
    const admin = propertiesFile(t, authority.certificate, 'admin')
    const ana = propertiesFile(t, authority.certificate, 'ana')
    const pattern = ['--topic', 'shop.', '--resource-pattern-type', 'prefixed']
    const grant = ['--add', '--allow-principal', 'User:ana', '--producer', ...pattern]
    const added = await tool('AclCommand', bootstrap, ['--command-config', admin, ...grant])
    match(added.stdout, /resourceType=TOPIC, name=shop., patternType=PREFIXED/, added.stderr)
    strictEqual(started.security.rules.size, 3)
    const topics = ['shop.a', 'other']
    for (const topic of topics) await started.log.createTopic(topic)
    const produce = (topic: string): Promise<Finished> =>
      tool('ConsoleProducer', bootstrap, ['--producer.config', ana, '--topic', topic], 'x\n')
    await Promise.all(topics.map(produce))
    const written = await Promise.all(topics.map(topic => started.log.describeTopic(topic)))
    deepStrictEqual(
      written.map(({ status }) => status.partitions[0]!.endOffset),
      [1, 0]
    )
    const denied = started.events.filter(event => event.kind === 'denied')
    ok(denied.some(event => event.resources?.[0] === 'topic:other'))
  }
)

test("Kafka's console tools create, write, read and describe", { skip }, async t => {
  const { bootstrap } = await brokerFor(t)
  const topic = ['--topic', 'tools']
  const created = await tool('TopicCommand', bootstrap, ['--create', ...topic, '--partitions', '2'])
  match(created.stdout, /Created topic tools/)
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`)
  await tool('ConsoleProducer', bootstrap, topic, `${lines.join('\n')}\n`)
  const read = [...topic, '--from-beginning', '--max-messages', '200', '--group', 'tools']
  const [seen, described] = await Promise.all([
    tool('consumer.ConsoleConsumer', bootstrap, read),
    tool('TopicCommand', bootstrap, ['--describe', ...topic])
  ])
  deepStrictEqual(seen.stdout.trim().split('\n').toSorted(), lines.toSorted())
  match(described.stdout, /PartitionCount: 2/)
  const groups = await tool('consumer.group.ConsumerGroupCommand', bootstrap, [
    '--describe',
    '--group',
    'tools'
  ])
  match(groups.stdout, /tools\s+tools\s+\d\s+\d+\s+\d+\s+0/)
})
