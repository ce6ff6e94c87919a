// A process of its own that serves a counter with the original JavaScript SDK: `original-endpoint.ts`.
// It prints its port. Posts to /bare do not reach the SDK: they get the reply that was posted to /reply before.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StateFun } from 'apache-flink-statefun'

const statefun = new StateFun()
statefun.bind({
  typename: 'bench/counter',
  specs: [{ name: 'count', type: StateFun.intType() }],
  fn(context) {
    context.storage.count = Number(context.storage.count ?? 0) + 1
  }
})
const serve = statefun.handler()
let reply: Buffer = Buffer.alloc(0)

const server = createServer((request, response) => {
  if (request.url !== '/bare' && request.url !== '/reply') {
    serve(request, response)
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (request.url === '/reply') reply = Buffer.concat(chunks)
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': reply.length
    })
    response.end(reply)
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
// The bench is gone.
process.stdin.on('end', () => process.exit(0)).resume()
