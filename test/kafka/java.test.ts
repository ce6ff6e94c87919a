// The Java client and the console tools of Apache Kafka 4.1 from Maven, unchanged, against the broker.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import type { Finished } from '../command.ts'
import { kafkaJars } from './apache-kafka.ts'
import { brokerFor } from './kit.ts'
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
