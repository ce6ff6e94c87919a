// Tests of opening a client: what is refused before anything is opened.
import { rejects } from 'node:assert/strict'
import { test } from 'node:test'

import { connect } from './client.ts'

test('a misspelt place is refused, instead of opening the log that counts when nothing is said', async () => {
  const misspelt: object = { datadir: '/tmp/nowhere' }
  await rejects(connect(misspelt), {
    code: 'USAGE',
    message: /datadir, which it does not know; expected one of profile, bootstrap, dataDir/
  })
})
