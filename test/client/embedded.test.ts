// The client over a data directory that it opens itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { clientSuite } from '../../conformance/index.ts'
import { connect } from '../../src/client/index.ts'

clientSuite({
  name: 'the client over a data directory',
  skip: false,
  capabilities: {
    compressions: ['none', 'gzip', 'zstd'],
    writesAhead: false,
    internalTopics: ['_millrace.broker']
  },
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-client-'))
    const client = await connect({ dataDir: folder })
    const close = async (): Promise<void> => {
      await client.close()
      rmSync(folder, { recursive: true })
    }
    return { client, close }
  }
})
