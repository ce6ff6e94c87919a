// The page about HTTP runs: its module files and functions, its curl commands with what they print, its table of keys.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HTTP_INGRESS } from '../src/functions/module/sections.ts'
import { interrupt, ready, ROOT, start } from './command.ts'
import { inFolder, play, textsOf } from './documents.ts'

const page = readFileSync(join(ROOT, 'docs/http.md'), 'utf8')
const modules = textsOf(page, 'yaml')
const examples = textsOf(page, 'console')

const GREETER = `import { egressTo, jsonType, statefulFunction } from 'millrace/functions'
const record = jsonType('io.statefun.playground/EgressRecord')
const name = jsonType('example/Name')
export const greeter = statefulFunction({
  typename: 'example/greeter',
  handler(context, message) {
    const payload = \`Welcome, \${message.as(name)}!\`
    context.egress(egressTo('io.statefun.playground/egress', { topic: 'greetings', payload }, record))
  }
})
`

/** Runs a module of the page, then `action` with its folder and the URLs that it listens on, in their order. */
function whileRunning(
  module: string,
  functions: string,
  action: (folder: string, urls: readonly string[]) => Promise<void>
): Promise<void> {
  return inFolder(async folder => {
    // Ports of the page are those of a reader; a test takes free ones.
    writeFileSync(join(folder, 'module.yaml'), module.replaceAll(/port: \d+/g, 'port: 0'))
    writeFileSync(join(folder, 'functions.ts'), functions)
    const http = module.includes('port:') ? [] : ['--http', '127.0.0.1:0']
    const args = ['run', 'module.yaml', '--functions', 'functions.ts', '--ephemeral', ...http]
    const child = start(args, folder)
    try {
      const said = await ready(child)
      const urls = [...said.matchAll(/^http {4}(\S+)/gm)].map(match => match[1]!)
      ok(urls.length > 0, said)
      await action(folder, urls)
    } finally {
      await interrupt(child)
    }
  })
}

test('the example of requests and replies gives what the page says', () =>
  whileRunning(modules[0]!, textsOf(page, 'ts')[0]!, (folder, [url]) =>
    play(examples[0]!, folder, text => text.replaceAll('http://127.0.0.1:8080', url!))
  ))

test('the example of the playground gives what the page says', () =>
  whileRunning(modules[1]!, GREETER, (folder, [ingress, egress]) =>
    play(examples[1]!, folder, text =>
      text
        .replaceAll('http://127.0.0.1:8090', ingress!)
        .replaceAll('http://127.0.0.1:8091', egress!)
    )
  ))

test('the table has every key of the ingress', () => {
  const table = page.slice(page.indexOf('| key of `spec`')).split('\n\n')[0]!
  const keys = [...table.matchAll(/^\| `(\w+)`/gm)].map(match => match[1]!)
  deepStrictEqual(
    keys,
    HTTP_INGRESS.keys.map(({ key }) => key)
  )
})
