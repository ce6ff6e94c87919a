// The pages about servers run: their commands against a server of its own, with what they print.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { interrupt, ready, ROOT, start } from './command.ts'
import { inFolder, isDataflowFile, blocksOf, play } from './documents.ts'

const FREE_PORTS = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']

for (const name of ['deployments.md', 'http-api.md']) {
  test(`the commands of docs/${name} print what the page says`, () =>
    inFolder(async folder => {
      const blocks = blocksOf(readFileSync(join(ROOT, 'docs', name), 'utf8'))
      const dataflow = blocks.find(isDataflowFile)
      if (dataflow !== undefined) writeFileSync(join(folder, 'dataflow.yaml'), dataflow.text)
      const server = start(['start', ...FREE_PORTS], folder)
      try {
        const url = /^http {4}(\S+)/m.exec(await ready(server))![1]!
        const toServer = (commands: string): string =>
          commands
            .replaceAll('http://127.0.0.1:8080', url)
            .replaceAll(
              /npx millrace (deploy|list|stop|restart|delete|logs)/g,
              `$& --server ${url}`
            )
        for (const { language, text } of blocks) {
          if (language === 'console') await play(text, folder, toServer)
        }
      } finally {
        await interrupt(server)
      }
    }))
}
