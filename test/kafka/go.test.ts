// franz-go (Go), unchanged, against the broker.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'

import { cacheFolder, fetchOnce, hasCommand, runTool } from './toolchain.ts'
import { testWholeClient } from './whole-client.ts'

const folder = cacheFolder('franz-go-2')
const skip = prepare() ?? false

function prepare(): string | null {
  if (!hasCommand('go', 'version')) return 'go is not installed'
  copyFileSync(join(import.meta.dirname, 'clients', 'client.go.txt'), join(folder, 'main.go'))
  const fetch =
    'rm -f go.mod go.sum && go mod init test && go get github.com/twmb/franz-go@v1.18.1 ' +
    'github.com/twmb/franz-go/pkg/kadm@v1.15.0 && go mod tidy'
  return fetchOnce(folder, 'sh', ['-c', fetch])
}

testWholeClient({
  name: 'franz-go',
  skip,
  run: async args => {
    const built = await runTool('go', ['build', '-o', 'client', '.'], { cwd: folder })
    return built.code === 0 ? await runTool(join(folder, 'client'), args) : built
  }
})
