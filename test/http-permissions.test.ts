// What the HTTP API says to who may not do something: the command in its answer, run as it stands, grants it.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { interrupt, ready, run, shell, start } from './command.ts'
import { finallyIn, temporaryFolder } from './kafka/kit.ts'

interface Refusal {
  readonly detail: string
  readonly details: Readonly<Record<string, string>>
}

/** Requests with what each of them needs, in the order in which it is missed. */
const CASES: readonly (readonly [string, object | null, readonly string[]])[] = [
  ['topics', { name: 'news' }, ['create topic news']],
  ["topics/news/records?group=ana's%20own", null, ['read topic news', "read group ana's own"]],
  ['security/rules', null, ['describe cluster kafka-cluster']],
  ['functions/shop/order', null, ['query function shop/order']]
]

test('an answer of 403 names the right that is missing, and the command that grants it', async t => {
  const folder = temporaryFolder(t)
  const root = await run(['user', 'add', 'root', '--super'], folder, 'root-secret-1\n')
  strictEqual(root.code, 0, root.stderr)
  const made = await run(['token', 'create', '--user', 'User:CN=ana, O=Acme'], folder)
  const [token] = /\bm\w+_\S+/.exec(made.stdout)!
  const server = start(['start', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'], folder)
  finallyIn(t, () => interrupt(server))
  const url = /http {4}(\S+)/.exec(await ready(server))![1]!
  const ask = async (path: string, body: object | null): Promise<Response> =>
    await fetch(`${url}/api/v1/${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === null ? {} : { method: 'POST', body: JSON.stringify(body) })
    })
  for (const [path, body, rights] of CASES) {
    for (const right of rights) {
      const answer = await ask(path, body)
      strictEqual(answer.status, 403, `${path}: ${await answer.clone().text()}`)
      const { detail, details } = (await answer.json()) as Refusal
      const { principal, operation, kind, name } = details
      deepStrictEqual([principal, `${operation} ${kind} ${name}`], ['User:CN=ana, O=Acme', right])
      match(detail, /^User:CN=ana, O=Acme may not .* by: millrace acl create /)
      const command = detail.slice(detail.indexOf('millrace acl create'))
      const { code, stderr } = await shell(`npx ${command}`, folder)
      strictEqual(code, 0, `${command}: ${stderr}`)
    }
    const { status } = await ask(path, body)
    strictEqual([200, 201, 404].includes(status), true, `${path}: ${status}`)
  }
})
