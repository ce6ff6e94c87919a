// The client over a server of millrace, by Kafka's protocol.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { clientSuite } from '../../conformance/index.ts'
import { connect } from '../../src/client/index.ts'
import { startOn, stop } from '../kafka/kit.ts'

clientSuite({
  name: 'the client over a server',
  skip: false,
  capabilities: {
    compressions: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    writesAhead: true,
    internalTopics: []
  },
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-client-'))
    const broker = await startOn(folder)
    const client = await connect({ bootstrap: broker.bootstrap })
    const close = async (): Promise<void> => {
      await client.close()
      await stop(broker)
      rmSync(folder, { recursive: true })
    }
    return { client, close }
  }
})
