// What each command exits with when its user is wrong: 2, as the table of the reference says; with a sentence.
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { interrupt, ready, start } from '../../test/command.ts'
import { callMain, type Called } from './call.cases.ts'
import { exitCodeOf } from './exit-codes.ts'
import { commandPath, createProgram, walk } from './program/program.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-exit-codes-'))
const served = mkdtempSync(join(tmpdir(), 'millrace-exit-codes-server-'))
const home = process.cwd()
const child = start(['start', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'], served)
let http = ''

before(async () => {
  http = /^http {4}http:\/\/(\S+)/m.exec(await ready(child))![1]!
  process.chdir(root)
  process.env['XDG_CONFIG_HOME'] = join(root, 'config')
  delete process.env['MILLRACE_PROFILE']
  writeFileSync('bad.yaml', 'apiVersion: 1.0.0\nmeta: {')
  writeFileSync('lines.jsonl', 'no json\n')
  writeFileSync('flow.yaml', FLOW)
  mkdirSync('full')
  writeFileSync(join('full', 'x'), '')
  strictEqual((await call('topic create said --data-dir d')).code, 0)
})
after(async () => {
  process.chdir(home)
  await interrupt(child)
  for (const folder of [root, served]) rmSync(folder, { recursive: true })
})

const FLOW = `apiVersion: 1.0.0
meta: { name: echo, namespace: tests, version: 0.1.0 }
topics:
  said: { schema: { value: { type: string } } }
  heard: { schema: { value: { type: string } } }
services:
  echo:
    sources: [{ type: topic, id: said }]
    sinks: [{ type: topic, id: heard }]
`

/** Runs a command; HTTP stands for the address of the server. */
const call = (line: string): Promise<Called> => callMain(line.replace('HTTP', http).split(' '))

/** By command: the options that are wrong, and what is said. */
const WRONG: Readonly<Record<string, readonly (readonly [args: string, said: RegExp])[]>> = {
  run: [
    ['none.yaml', /none\.yaml does not exist/],
    ['bad.yaml', /bad\.yaml:2:8: error YAML_SYNTAX/],
    ['flow.yaml --in nothing=lines.jsonl --drain --ephemeral', /no topic is called "nothing"/],
    ['flow.yaml --sql selekt --drain --ephemeral', /selekt is no query/],
    ['flow.yaml --http HTTP --ephemeral', /the port is in use/]
  ],
  start: [
    ['--listen nowhere', /it takes HOST:PORT/],
    ['--listen HTTP --http none --data-dir s', /another process listens there/],
    [
      '--listen 127.0.0.1:0 --http none --data-dir s --tls-cert x --tls-key y',
      /expected was a pri/
    ],
    ['--listen 127.0.0.1:0 --http none --data-dir s --auth required', /make one first/]
  ],
  deploy: [
    ['bad.yaml --server http://HTTP', /YAML_SYNTAX/],
    ['flow.yaml --name a/b --server http://HTTP', /"a\/b" is no name of a deployment/],
    ['flow.yaml --functions none.ts --server http://HTTP', /none\.ts, and there is no such file/]
  ],
  list: [['--server nowhere', /it takes the URL of a server/]],
  stop: [['nothing --server http://HTTP', /no deployment is called "nothing"/]],
  restart: [['nothing --server http://HTTP', /no deployment is called "nothing"/]],
  delete: [['nothing --yes --server http://HTTP', /no deployment is called "nothing"/]],
  logs: [['nothing --server http://HTTP', /no deployment is called "nothing"/]],
  check: [['bad.yaml', /YAML_SYNTAX/]],
  plan: [['bad.yaml', /YAML_SYNTAX/]],
  convert: [['bad.yaml', /YAML_SYNTAX/]],
  test: [['none.test.yaml', /none\.test\.yaml does not exist/]],
  'generate types': [['bad.yaml', /YAML_SYNTAX/]],
  'generate functions': [['none.yaml', /none\.yaml does not exist/]],
  'generate package': [['flow.yaml full', /full is not empty/]],
  build: [['flow.yaml --out full --no-types', /was not written by a build/]],
  'profile list': [['--nothing', /unknown option/]],
  'profile add': [['x', /--data-dir DIR, or --bootstrap/]],
  'profile switch': [['x', /no profile is called "x"/]],
  'profile delete': [['x --yes', /no profile is called "x"/]],
  'profile export': [['x', /no profile is called "x"/]],
  'group list': [['--data-dir none', /is no data directory/]],
  'group describe': [['nothing --data-dir d', /there is no group nothing/]],
  'group delete': [['nothing --yes --data-dir d', /there is no group nothing/]],
  'group reset-offsets': [['nothing --to soon --data-dir d', /--to soon is no position/]],
  'spu list': [['--data-dir none', /is no data directory/]],
  'spu groups': [['--data-dir none', /is no data directory/]],
  'partition list': [['nothing --data-dir d', /there is no topic nothing/]],
  completions: [['tcsh', /Allowed choices are bash/]],
  init: [['full', /full is not empty/]],
  'topic list': [['--profile nobody', /no profile is called "nobody"/]],
  'topic describe': [['nothing --data-dir d', /there is no topic nothing/]],
  'topic create': [['said --data-dir d', /exists already/]],
  'topic delete': [['said --data-dir d', /give --yes if it is meant/]],
  'topic add-partition': [['nothing --data-dir d', /there is no topic nothing/]],
  'topic config': [['said --set nope=1 --data-dir d', /nope is not known/]],
  produce: [
    [
      'said --format json --file lines.jsonl --data-dir d',
      /lines\.jsonl:1: found a line that is n/
    ],
    ['said --file none --data-dir d', /none cannot be read/]
  ],
  consume: [
    ['nothing -d --data-dir d', /there is no topic nothing/],
    ['said -d -g a/b --data-dir d', /the name of the group is not valid/]
  ],
  'bench produce': [['said --size x --data-dir d', /--size x: expected was a size/]],
  'bench consume': [['nothing --data-dir d', /there is no topic nothing/]],
  'log verify': [['--data-dir none', /is no data directory/]],
  'log repair': [['--data-dir none', /is no data directory/]],
  'user list': [['--data-dir none', /is no data directory/]],
  'user add': [['a/b --data-dir d', /cannot be the name of a user/]],
  'user delete': [['nobody --yes --data-dir d', /there is no user nobody/]],
  'token list': [['--data-dir none', /is no data directory/]],
  'token create': [['--user ana --expires soon --data-dir d', /it takes a duration/]],
  'token revoke': [['nothing --data-dir d', /there is no token nothing/]],
  'acl list': [['--data-dir none', /is no data directory/]],
  'acl create': [
    ['--allow ana --operation write --group g --data-dir d', /expected one of read/],
    ['--allow ana --operation read --topic t --host web --data-dir d', /address of a client/]
  ],
  'acl delete': [['--allow ana --operation read --topic t --data-dir d', /there is no rule allow/]],
  'schema import': [['none.avsc', /none\.avsc cannot be read/]],
  'schema export': [['flow.yaml --type nothing', /the file declares no types/]],
  help: [
    ['nothing', /there is no command nothing; expected one of init, run/],
    ['topic craete', /there is no command topic craete; did you mean topic create\?/]
  ],
  'schema check': [['bad.yaml', /YAML_SYNTAX/]]
}

test('every command exits with 2 when its user is wrong, and says about what', async () => {
  const commands = walk(createProgram('', () => {})).filter(
    command => command.commands.length === 0
  )
  deepStrictEqual(Object.keys(WRONG).toSorted(), commands.map(commandPath).toSorted())
  for (const [command, cases] of Object.entries(WRONG)) {
    for (const [args, said] of cases) {
      const { code, text } = await call(`${command} ${args}`)
      match(text, said, `${command} ${args}`)
      strictEqual(code, 2, `${command} ${args}: ${text}`)
    }
  }
})

test('what fails by itself exits with 1', async () => {
  const nobody = await call('list --server http://127.0.0.1:1')
  match(nobody.text, /cannot be reached/)
  strictEqual(nobody.code, 1)
  for (const code of ['LOG_DAMAGED', 'DISK_FULL', 'CLUSTER_UNREACHABLE', 'ACCESS_DENIED', 'NEW']) {
    strictEqual(exitCodeOf(code), 1, code)
  }
})
