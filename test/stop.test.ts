// Ctrl-C of a server that is busy: it ends in order, and nothing that was acknowledged is lost.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'

import { connect, text } from '../src/client/index.ts'
import { interrupt, ready, run, start } from './command.ts'
import { finallyIn, temporaryFolder } from './kafka/kit.ts'

interface Served {
  readonly child: ChildProcess
  readonly kafka: string
  readonly http: string
}

async function serve(t: TestContext, folder: string): Promise<Served> {
  const child = start(['start', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'], folder)
  finallyIn(t, () => child.kill('SIGKILL'))
  const said = await ready(child)
  const http = /http {4}(\S+)/.exec(said)![1]!
  return { child, kafka: /kafka {3}(\S+)/.exec(said)![1]!, http: `${http}/api/v1` }
}

async function post(http: string, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return await fetch(`${http}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Deploys a dataflow from `words` to `marked` whose function has this body. */
async function deploy(folder: string, { http }: Served, body: string): Promise<void> {
  const topic = '{ schema: { value: { type: string, converter: raw } } }'
  writeFileSync(
    join(folder, 'dataflow.yaml'),
    `apiVersion: 1.0.0
meta: { name: mark, namespace: tests, version: 0.1.0 }
topics: { words: ${topic}, marked: ${topic} }
services:
  mark:
    sources: [{ type: topic, id: words }]
    transforms:
      - operator: map
        run: |
          function mark(word: string): string {
            ${body}
          }
    sinks: [{ type: topic, id: marked }]
`
  )
  const server = http.replace('/api/v1', '')
  const { code, stderr } = await run(['deploy', 'dataflow.yaml', '--server', server], folder)
  strictEqual(code, 0, stderr)
}

/** All values of a topic. */
async function values(http: string, topic: string, count: number): Promise<string[]> {
  const found: string[] = []
  let position = ''
  while (found.length < count) {
    const more = position === '' ? '' : `&position=${position}`
    const answer = await fetch(`${http}/topics/${topic}/records?waitMs=20000${more}`)
    const page = (await answer.json()) as { records: { value: string }[]; position: string }
    if (page.records.length === 0) break
    found.push(...page.records.map(({ value }) => value))
    ;({ position } = page)
  }
  return found
}

/** Writes one record after the other until that fails; gives those that were acknowledged. */
async function writeOn(
  name: string,
  write: (value: string) => Promise<boolean>
): Promise<string[]> {
  const written: string[] = []
  for (let count = 0; ; count++) {
    const value = `${name}-${count}`
    if (!(await write(value).catch(() => false))) return written
    written.push(value)
  }
}

/** A WebSocket that follows the topic and writes to it. */
async function socketOf(http: string): Promise<{
  readonly written: Promise<string[]>
  readonly closed: Promise<unknown[]>
}> {
  const socket = new WebSocket(`${http.replace('http', 'ws')}/socket`)
  await once(socket, 'open')
  const closed = once(socket, 'close')
  const isClosed = closed.then(() => false)
  socket.send(JSON.stringify({ op: 'subscribe', id: 0, topics: ['words', 'marked'] }))
  const answered = new Map<number, () => void>()
  socket.on('message', (data: Buffer) => {
    const { op, id } = JSON.parse(data.toString()) as { op: string; id: number }
    if (op === 'produced') answered.get(id)?.()
  })
  let last = 0
  const written = writeOn('socket', value => {
    const id = ++last
    const isThere = new Promise<boolean>(resolve => answered.set(id, () => resolve(true)))
    socket.send(JSON.stringify({ op: 'produce', id, topic: 'words', records: [{ value }] }))
    return Promise.race([isThere, isClosed])
  })
  return { written, closed }
}

test('a busy server ends by itself after Ctrl-C, and keeps what it has acknowledged', async t => {
  const folder = temporaryFolder(t)
  const first = await serve(t, folder)
  const { http, kafka, child } = first
  for (const name of ['words', 'quiet']) await post(http, 'topics', { name })
  await deploy(folder, first, "return word + '!'")
  const client = await connect({ bootstrap: kafka })
  // Its last positions go nowhere: the server is gone.
  finallyIn(t, () => client.close().catch(() => {}))
  const types = { key: text, value: text }
  const producer = await client.producer({ types, delivery: 'at-most-once' })
  const consumer = await client.consumer({ topics: ['words', 'marked'], types, group: 'g' })
  const socket = await socketOf(http)
  const writers = [
    writeOn('http', async value => (await post(http, 'topics/words/records', { value })).ok),
    writeOn('kafka', value => producer.send({ topic: 'words', value }).then(() => true)),
    socket.written
  ]
  const polls = [1, 2, 3].map(() => fetch(`${http}/topics/quiet/records?waitMs=60000`))
  const events = await fetch(`${http}/topics/marked/events`)
  const logs = await fetch(`${http}/deployments/mark/logs?follow=true`)
  // Everything goes on: results have come by way of the deployment.
  for (let count = 0; count < 50; count++) await consumer.next()
  const ended = once(child, 'close')
  child.kill('SIGINT')
  deepStrictEqual(await ended, [0, null])
  for (const poll of polls) strictEqual((await poll).status, 200)
  for (const followed of [events, logs]) await followed.text()
  strictEqual((await socket.closed)[0], 1001)
  const acknowledged = (await Promise.all(writers)).flat()
  const second = await serve(t, folder)
  const kept = await values(second.http, 'words', acknowledged.length)
  strictEqual(new Set(kept).size, kept.length)
  deepStrictEqual(
    acknowledged.filter(value => !kept.includes(value)),
    []
  )
  const marked = await values(second.http, 'marked', kept.length)
  deepStrictEqual(
    marked,
    kept.map(word => `${word}!`)
  )
  await interrupt(second.child)
})

test('a stop that waits says for what, and a second Ctrl-C ends it', async t => {
  const folder = temporaryFolder(t)
  const server = await serve(t, folder)
  await deploy(folder, server, 'for (;;) if (word === null) return word')
  await post(server.http, 'topics/words/records', { value: 'x' })
  let said = ''
  const told = new Promise<void>(resolve => {
    server.child.stderr!.on('data', (more: Buffer) => {
      said += more.toString()
      if (said.includes('stopping')) resolve()
    })
  })
  const ended = once(server.child, 'close')
  server.child.kill('SIGINT')
  await told
  match(said, /stopping: .* Ctrl-C again ends at once/)
  server.child.kill('SIGINT')
  deepStrictEqual(await ended, [130, null])
})
