// Who may not do something by a command is told which right is missing; the command in the message grants it.
import { match, strictEqual } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { interrupt, ready, run, start } from '../../../test/command.ts'
import { finallyIn, temporaryFolder } from '../../../test/kafka/kit.ts'
import { callMain } from '../call.cases.ts'

/** Commands with the rights that they take, in the order in which they are missed. */
const CASES: readonly (readonly [line: string, rights: readonly string[]])[] = [
  ['topic create news', ['create topic news']],
  ['produce news --file lines.txt', ['write topic news']],
  ['consume news -d -q', ['read topic news']],
  ['consume news -d -q -g reports', ['read group reports']],
  ['topic add-partition news', ['alter topic news']],
  ['topic config news --set retention.ms=1000', ['alter-configs topic news']],
  ['group delete reports --yes', ['delete group reports']],
  ['topic delete news --yes', ['delete topic news']]
]

const SASL = {
  mechanism: 'SCRAM-SHA-256',
  username: 'ana',
  password: { value: 'ana-secret-22' }
}

test('a refused command names the right that is missing, and what grants it does', async t => {
  const folder = temporaryFolder(t)
  const home = process.cwd()
  finallyIn(t, () => process.chdir(home))
  strictEqual((await run(['user', 'add', 'ana'], folder, 'ana-secret-22\n')).code, 0)
  const server = start(['start', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'], folder)
  finallyIn(t, () => interrupt(server))
  const said = await ready(server)
  const bootstrap = [/kafka {3}(\S+)/.exec(said)![1]!]
  const http = /http {4}(\S+)/.exec(said)![1]!
  const profiles = {
    far: { kind: 'server', bootstrap, http, sasl: SASL },
    cluster: { kind: 'kafka', bootstrap, sasl: SASL }
  }
  process.env['XDG_CONFIG_HOME'] = join(folder, 'config')
  delete process.env['MILLRACE_PROFILE']
  mkdirSync(join(folder, 'config', 'millrace'), { recursive: true })
  const file = join(folder, 'config', 'millrace', 'profiles.json')
  writeFileSync(file, JSON.stringify({ version: 1, current: 'far', profiles }))
  writeFileSync(join(folder, 'lines.txt'), 'hello\n')
  process.chdir(folder)
  const elsewhere = await callMain('topic create news --profile cluster'.split(' '))
  match(elsewhere.text, /--add --allow-principal 'User:ana' --operation Create --topic 'news'$/m)
  for (const [line, rights] of CASES) {
    for (const right of rights) {
      const refused = await callMain(line.split(' '))
      strictEqual(refused.code, 1, `${line}: ${refused.text}`)
      const [, principal, missing, command] =
        /: (User:ana) may not (\S+ the \S+ \S+); expected .* by: millrace (acl create .*)$/m.exec(
          refused.text
        ) ?? [undefined, undefined, refused.text]
      strictEqual(principal, 'User:ana', refused.text)
      strictEqual(missing?.replace(' the', ''), right)
      const granted = await callMain([...command!.split(' '), '--data-dir', '.millrace'])
      strictEqual(granted.code, 0, granted.text)
    }
    const allowed = await callMain(line.split(' '))
    strictEqual(allowed.code, 0, `${line}: ${allowed.text}`)
  }
  const nobody = await callMain(['user', 'list'])
  match(nobody.text, /^millrace: profile far \(the current one\): .* millrace token create --user/)
})
