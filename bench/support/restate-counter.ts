// A process of its own with a counter as a virtual object of Restate: `restate-counter.ts FILE`.
// It prints its port, and writes into FILE how many calls it has done, every thousand.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createEndpointHandler, object, type ObjectContext } from '@restatedev/restate-sdk'

const [file] = process.argv.slice(2) as [string]
let done = 0

const counter = object({
  name: 'counter',
  handlers: {
    add: async (context: ObjectContext): Promise<number> => {
      const count = ((await context.get<number>('count')) ?? 0) + 1
      context.set('count', count)
      if (++done % 1_000 === 0) writeFileSync(file, String(done))
      return count
    }
  }
})

const server = createServer(createEndpointHandler({ services: [counter] }))
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
// The bench is gone.
process.stdin.on('end', () => process.exit(0)).resume()
