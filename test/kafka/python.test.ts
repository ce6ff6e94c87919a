// confluent-kafka (librdkafka 2, Python) from PyPI, unchanged, against the broker.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { withoutOpenssl } from './certificates.ts'
import { brokerFor } from './kit.ts'
import { USERS, tlsBrokerFor } from './secure-kit.ts'
import { cacheFolder, fetchOnce, hasCommand, runTool } from './toolchain.ts'

const folder = cacheFolder('confluent-kafka-2')
const python = join(folder, 'venv', 'bin', 'python')
const skip = prepare() ?? false

function prepare(): string | null {
  if (!hasCommand('python3')) return 'python3 is not installed'
  const install = 'python3 -m venv venv && venv/bin/pip -q install "confluent-kafka>=2.6,<3"'
  return fetchOnce(folder, 'sh', ['-c', install])
}

test(
  'confluent-kafka produces idempotently, commits, aborts, administrates and reads as a group',
  { skip },
  async t => {
    const { bootstrap } = await brokerFor(t)
    const script = join(import.meta.dirname, 'clients', 'client.py')
    const { code, stdout, stderr } = await runTool(python, [script, bootstrap])
    strictEqual(code, 0, stderr)
    strictEqual(stdout.trim(), 'done')
  }
)

test(
  'confluent-kafka does the same over TLS, logged in by SCRAM',
  { skip: skip || withoutOpenssl },
  async t => {
    const { bootstrap, problems, authority } = await tlsBrokerFor(t)
    const script = join(import.meta.dirname, 'clients', 'client.py')
    const login = [authority.certificate, 'admin', USERS['admin']!]
    const { code, stdout, stderr } = await runTool(python, [script, bootstrap, ...login])
    strictEqual(code, 0, stderr)
    strictEqual(stdout.trim(), 'done')
    deepStrictEqual(problems, [])
  }
)
