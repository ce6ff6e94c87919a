// franz-go (Go), unchanged, against the broker.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { withoutOpenssl } from './certificates.ts'
import { brokerFor } from './kit.ts'
import { USERS, tlsBrokerFor } from './secure-kit.ts'
import { cacheFolder, fetchOnce, hasCommand, runTool } from './toolchain.ts'

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

test(
  'franz-go produces, reads as a group, commits and aborts, administrates',
  { skip },
  async t => {
    const { bootstrap } = await brokerFor(t)
    const built = await runTool('go', ['build', '-o', 'client', '.'], { cwd: folder })
    strictEqual(built.code, 0, built.stderr)
    const { code, stdout, stderr } = await runTool(join(folder, 'client'), [bootstrap])
    strictEqual(code, 0, stderr)
    strictEqual(stdout.trim(), 'done')
  }
)

test(
  'franz-go does the same over TLS, logged in by SCRAM',
  { skip: skip || withoutOpenssl },
  async t => {
    const { bootstrap, problems, authority } = await tlsBrokerFor(t)
    const built = await runTool('go', ['build', '-o', 'client', '.'], { cwd: folder })
    strictEqual(built.code, 0, built.stderr)
    const login = [authority.certificate, 'admin', USERS['admin']!]
    const { code, stdout, stderr } = await runTool(join(folder, 'client'), [bootstrap, ...login])
    strictEqual(code, 0, stderr)
    strictEqual(stdout.trim(), 'done')
    deepStrictEqual(problems, [])
  }
)
