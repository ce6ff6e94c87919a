// Requests that were read and not begun when their connection was ended stayed counted as bytes in memory. A few
// thousand strangers, each with a whole request in front of a bad one, filled the bound of all connections for good:
// from then on every client was ended as the one that holds most.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import {
  FrameWriter,
  apiNamed,
  writeRequest,
  writeRequestHeader
} from '../../src/kafka/wire/index.ts'
import { until } from '../kafka/kit.ts'
import { secureBrokerFor } from '../kafka/secure-kit.ts'
import { WireClient } from '../kafka/wire-client.ts'

/** A whole request of a stranger, with a long name. */
function requestOf(api: 'ApiVersions' | 'SaslHandshake'): Buffer {
  const writer = new FrameWriter()
  const header = { apiKey: apiNamed(api)!.key, apiVersion: 0, correlationId: 1 }
  writeRequestHeader(writer, apiNamed(api)!, { ...header, clientId: 'x'.repeat(10_000) })
  writeRequest(api, 0, writer, { mechanism: 'NONE' })
  return Buffer.concat(writer.finish())
}

const BAD_LENGTH = Buffer.alloc(4, 0xff)

test('requests of a connection that ended are not counted for ever', async t => {
  const started = await secureBrokerFor(t)
  const { load } = started.broker.context
  for (const sent of [
    [requestOf('ApiVersions'), BAD_LENGTH],
    [requestOf('SaslHandshake'), requestOf('ApiVersions'), requestOf('ApiVersions')]
  ]) {
    const client = await WireClient.connect(started.bootstrap)
    client.socket.resume().write(Buffer.concat(sent))
    await client.ended()
    await until(() => load.bytes === 0)
  }
  strictEqual(started.problems.length, 2)
})
