// confluent-kafka (librdkafka 2, Python) from PyPI, unchanged, against the broker.
import { join } from 'node:path'

import { cacheFolder, fetchOnce, hasCommand, runTool } from './toolchain.ts'
import { testWholeClient } from './whole-client.ts'

const folder = cacheFolder('confluent-kafka-2')
const python = join(folder, 'venv', 'bin', 'python')
const skip = prepare() ?? false

function prepare(): string | null {
  if (!hasCommand('python3')) return 'python3 is not installed'
  const install = 'python3 -m venv venv && venv/bin/pip -q install "confluent-kafka>=2.6,<3"'
  return fetchOnce(folder, 'sh', ['-c', install])
}

const script = join(import.meta.dirname, 'clients', 'client.py')

testWholeClient({
  name: 'confluent-kafka',
  skip,
  run: args => runTool(python, [script, ...args])
})
