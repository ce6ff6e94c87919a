// The page about HTTP runs: its module files and functions, its curl commands with what they print, its table of keys.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { HTTP_INGRESS } from '../src/functions/module/sections.ts'
import { ROOT, shell, start } from './command.ts'

const page = readFileSync(join(ROOT, 'docs/http.md'), 'utf8')

/** Texts of the page's blocks in a language, in their order. */
function blocks(language: string): string[] {
  const fences = page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))
  return [...fences].map(match => match[1]!)
}

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

/** Runs a module of the page; gives the URLs that it listens on, in the order of its components. */
async function running(
  context: TestContext,
  module: string,
  functions: string
): Promise<{ folder: string; urls: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-http-'))
  context.after(() => rmSync(folder, { recursive: true }))
  // Ports of the page are those of a reader; a test takes free ones.
  writeFileSync(join(folder, 'module.yaml'), module.replaceAll(/port: \d+/g, 'port: 0'))
  writeFileSync(join(folder, 'functions.ts'), functions)
  const http = module.includes('port:') ? [] : ['--http', '127.0.0.1:0']
  const args = ['run', 'module.yaml', '--functions', 'functions.ts', '--ephemeral', ...http]
  const child = start(args, folder)
  context.after(async () => {
    child.kill('SIGINT')
    if (child.exitCode === null) await once(child, 'exit')
  })
  let said = ''
  child.stderr!.setEncoding('utf8')
  for await (const text of child.stderr!.iterator({ destroyOnReturn: false })) {
    said += String(text)
    if (said.includes('ready in')) break
  }
  const urls = [...said.matchAll(/^http {4}(\S+)/gm)].map(match => match[1]!)
  ok(urls.length > 0, said)
  return { folder, urls }
}

/** Runs the commands of a block and compares what they print. */
async function play(block: string, folder: string, ports: Readonly<Record<string, string>>) {
  for (const step of block.split(/^\$ /m).slice(1)) {
    const [command = '', ...expected] = step.split('\n')
    let line = command
    for (const [port, url] of Object.entries(ports)) {
      line = line.replaceAll(`http://127.0.0.1:${port}`, url)
    }
    const { code, stdout, stderr } = await shell(line, folder)
    strictEqual(code, 0, `${line}\n${stderr}`)
    strictEqual(stdout.trimEnd(), expected.join('\n').trimEnd(), line)
  }
}

test('the example of requests and replies gives what the page says', async context => {
  const [functions = ''] = blocks('ts')
  const { folder, urls } = await running(context, blocks('yaml')[0]!, functions)
  await play(blocks('console')[0]!, folder, { 8080: urls[0]! })
})

test('the example of the playground gives what the page says', async context => {
  const { folder, urls } = await running(context, blocks('yaml')[1]!, GREETER)
  await play(blocks('console')[1]!, folder, { 8090: urls[0]!, 8091: urls[1]! })
})

test('the table has every key of the ingress', () => {
  const table = page.slice(page.indexOf('| key of `spec`')).split('\n\n')[0]!
  const keys = [...table.matchAll(/^\| `(\w+)`/gm)].map(match => match[1]!)
  deepStrictEqual(
    keys,
    HTTP_INGRESS.keys.map(({ key }) => key)
  )
})
