// `millrace run --listen` and `millrace start`, as users start them, with kafkajs beside them.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import kafkajs from 'kafkajs'

import { run, start } from '../command.ts'
import { finallyIn, temporaryFolder, until } from './kit.ts'

const DATAFLOW = `apiVersion: 1.0.0
meta: { name: shout, namespace: tests, version: 0.1.0 }
topics:
  words: { schema: { value: { type: string, converter: raw } } }
  loud: { schema: { value: { type: string, converter: raw } } }
services:
  shout:
    sources: [{ type: topic, id: words }]
    transforms:
      - operator: map
        run: |
          function shout(word: string): string { return word.toUpperCase() }
    sinks: [{ type: topic, id: loud }]
`

interface Started {
  readonly child: ChildProcess
  readonly bootstrap: string
  readonly ended: Promise<number | null>
}

async function serve(t: TestContext, folder: string, args: readonly string[]): Promise<Started> {
  const child = start([...args, '--listen', '127.0.0.1:0'], folder)
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  finallyIn(t, () => child.kill('SIGKILL'))
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text))
  await Promise.race([until(() => said.includes('ready in')), ended])
  match(said, /ready in/)
  return { child, ended, bootstrap: /kafka +(\S+:\d+)/.exec(said)![1]! }
}

const clientOf = (bootstrap: string) =>
  new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING })

test('a dataflow reads what Kafka clients commit, never what they abort, and they read its results', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'dataflow.yaml'), DATAFLOW)
  const { child, bootstrap, ended } = await serve(t, folder, ['run', 'dataflow.yaml'])
  const client = clientOf(bootstrap)
  const seen: string[] = []
  const consumer = client.consumer({ groupId: 'g', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'loud', fromBeginning: true })
  await consumer.run({
    eachMessage: ({ message }) => Promise.resolve(void seen.push(String(message.value)))
  })
  const producer = client.producer({
    transactionalId: 'x',
    idempotent: true,
    maxInFlightRequests: 1
  })
  await producer.connect()
  for (const word of ['one', '-two', 'three', '-four']) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'words', messages: [{ value: word }] })
    await (word.startsWith('-') ? transaction.abort() : transaction.commit())
  }
  await until(() => seen.length === 2)
  deepStrictEqual(seen, ['ONE', 'THREE'])
  await producer.disconnect()
  await consumer.disconnect()
  child.kill('SIGINT')
  strictEqual(await ended, 0)
  const drained = await run(['run', 'dataflow.yaml', '--drain', '--out', 'loud=-'], folder)
  deepStrictEqual([drained.code, drained.stdout], [0, 'ONE\nTHREE\n'], drained.stderr)
})

test('a server is started over an empty directory, stopped, and knows all when it starts again', async t => {
  const folder = temporaryFolder(t)
  const args = ['start', '--data-dir', 'data', '--http', 'none']
  const first = await serve(t, folder, args)
  const producer = clientOf(first.bootstrap).producer()
  await producer.connect()
  await producer.send({ topic: 't', messages: [{ value: 'kept' }] })
  // A client that is still there does not keep the server from ending.
  first.child.kill('SIGINT')
  strictEqual(await first.ended, 0)
  await producer.disconnect()
  const second = await serve(t, folder, args)
  const admin = clientOf(second.bootstrap).admin()
  await admin.connect()
  strictEqual((await admin.fetchTopicOffsets('t'))[0]!.high, '1')
  await admin.disconnect()
  const locked = await run([...args, '--listen', '127.0.0.1:0'], folder)
  deepStrictEqual([locked.code, /LOG_LOCKED|has the log/.test(locked.stderr)], [2, true])
  second.child.kill('SIGINT')
  strictEqual(await second.ended, 0)
})

test('addresses of other machines and ports in use are refused with what to do', async t => {
  const folder = temporaryFolder(t)
  const open = await run(['start', '--listen', '0.0.0.0:9092'], folder)
  deepStrictEqual([open.code, /TLS and authentication/.test(open.stderr)], [2, true])
  const { bootstrap, child, ended } = await serve(t, folder, [
    'start',
    '--data-dir',
    'one',
    '--http',
    'none'
  ])
  const twice = await run(
    ['start', '--data-dir', 'two', '--listen', bootstrap, '--http', 'none'],
    folder
  )
  deepStrictEqual([twice.code, /another process listens there/.test(twice.stderr)], [2, true])
  child.kill('SIGINT')
  strictEqual(await ended, 0)
})
