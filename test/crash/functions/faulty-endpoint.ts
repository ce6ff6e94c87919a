// An endpoint of the crash test that now and then does what endpoints must not: `faulty-endpoint.ts TYPE PLACE SEED`.
// It prints where it listens, becomes well-behaved at the line `calm` on stdin, and ends with its stdin.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { SeededRandom } from '../../../src/base/index.ts'
import { requestReplyHandler } from '../../../src/functions/index.ts'
import { interpreter, originalInterpreter } from './interpreters.ts'

const [type, place, seed] = process.argv.slice(2) as [string, string, string]
const random = new SeededRandom(Number(seed))
const quiet = () => undefined
const serve =
  type === 'original'
    ? originalInterpreter()
    : requestReplyHandler({ functions: [interpreter('socket')], onError: quiet })
// The original SDK prints what functions throw.
console.log = quiet
console.error = quiet
let isCalm = false

const server = createServer((request, response) => {
  const fault = isCalm ? 'none' : draw()
  if (fault === 'refuse') {
    request.resume()
    response.writeHead(500).end()
  } else if (fault === 'trap') {
    request.resume()
    // As some sample servers of SDKs do: the true status stands in a header, the body is empty.
    const contentType = random.below(2) === 0 ? {} : { 'content-type': 'application/octet-stream' }
    response.writeHead(200, { Status: '500', ...contentType }).end()
  } else if (fault === 'reset') loseConnection(request.socket)
  else if (fault === 'hang') request.resume()
  else if (fault === 'none') serve(request, response)
  else spoil(fault, request, response)
})

/** Only TCP has resets; a socket of the system just closes. */
function loseConnection(socket: Socket): void {
  if (type === 'original') socket.resetAndDestroy()
  else socket.destroy()
}

type Fault = 'none' | 'refuse' | 'trap' | 'reset' | 'hang' | Spoiled
/** Replies of the function that are cut in the connection, cut in the message, or come twice. */
type Spoiled = 'cut' | 'shorten' | 'double'

function draw(): Fault {
  const dice = random.below(1_000)
  if (dice < 8) return 'refuse'
  if (dice < 14) return 'trap'
  if (dice < 22) return 'reset'
  if (dice < 23) return 'hang'
  if (dice < 29) return 'cut'
  if (dice < 35) return 'shorten'
  return dice < 45 ? 'double' : 'none'
}

/** Lets the function answer and sends something else than its answer: its effects must not happen twice. */
function spoil(fault: Spoiled, request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request
  const chunks: Buffer[] = []
  response.writeHead = ((statusCode: number) =>
    Object.assign(response, { statusCode })) as typeof response.writeHead
  response.write = ((chunk: Uint8Array) =>
    chunks.push(Buffer.from(chunk)) > 0) as typeof response.write
  response.end = ((chunk?: Uint8Array) => {
    if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
    const body = Buffer.concat(chunks)
    const { statusCode } = response
    const head = (length: number) =>
      `HTTP/1.1 ${statusCode} X\r\ncontent-type: application/octet-stream\r\ncontent-length: ${length}\r\n\r\n`
    if (fault === 'cut') {
      socket.end(
        Buffer.concat([Buffer.from(head(body.length)), body.subarray(0, body.length >> 1)])
      )
    } else if (fault === 'shorten') {
      const half = body.subarray(0, Math.max(1, body.length >> 1))
      socket.end(Buffer.concat([Buffer.from(head(half.length)), half]))
    } else {
      const once = Buffer.concat([Buffer.from(head(body.length)), body])
      socket.write(Buffer.concat([once, once]))
    }
    return response
  }) as typeof response.end
  serve(request, response)
}

server.listen(place === '0' ? { port: 0, host: '127.0.0.1' } : place, () => {
  const address = server.address() as AddressInfo | string
  process.stdout.write(`${typeof address === 'string' ? address : address.port}\n`)
})
createInterface(process.stdin)
  .on('line', line => (isCalm ||= line === 'calm'))
  .on('close', () => process.exit(0))
