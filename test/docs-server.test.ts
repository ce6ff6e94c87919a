// The pages about servers run: their commands against a server of its own, with what they print.
import { ok, strictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ROOT, shell, start } from './command.ts'

/** Starts a server in a folder of its own; gives the folder and its URL. */
async function running(context: TestContext): Promise<{ folder: string; url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-server-'))
  const free = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const child = start(['start', ...free], folder)
  context.after(async () => {
    if (child.exitCode === null) {
      child.kill('SIGINT')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true })
  })
  let said = ''
  child.stderr!.setEncoding('utf8')
  for await (const text of child.stderr!.iterator({ destroyOnReturn: false })) {
    said += String(text)
    if (said.includes('ready in')) break
  }
  child.stderr!.resume()
  const url = /^http {4}(\S+)/m.exec(said)?.[1]
  ok(url !== undefined, said)
  return { folder, url }
}

for (const name of ['deployments.md', 'http-api.md']) {
  test(`the commands of docs/${name} print what the page says`, async context => {
    const page = readFileSync(join(ROOT, 'docs', name), 'utf8')
    const { folder, url } = await running(context)
    const yaml = /^```yaml\n([^]*?)^```/m.exec(page)?.[1]
    if (yaml !== undefined) writeFileSync(join(folder, 'dataflow.yaml'), yaml)
    for (const [, block = ''] of page.matchAll(/^```console\n([^]*?)^```/gm)) {
      for (const step of block.split(/^\$ /m).slice(1)) {
        const [command = '', ...expected] = step.split('\n')
        const line = command
          .replaceAll('http://127.0.0.1:8080', url)
          .replace(/npx millrace (deploy|list|stop|restart|delete|logs)/, `$& --server ${url}`)
        const { code, stdout, stderr } = await shell(line, folder)
        strictEqual(code, 0, `${line}\n${stderr}`)
        strictEqual(stdout.trimEnd(), expected.join('\n').trimEnd(), `${line}\n${stderr}`)
      }
    }
  })
}
