// The memory log passes the log's suite.
import { logSuite } from '../../../conformance/index.ts'
import { openMemoryLog } from './memory-log.ts'

logSuite(
  'memory log',
  async ({ clock }) => ({ log: openMemoryLog({ clock }), dispose: async () => {} }),
  { durable: false }
)
