// Callers over HTTP for benches: connections that are kept, one request at a time each, next to no work per call.
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What callers ask. */
export interface LoadOptions {
  readonly url: string
  readonly callers: number
  readonly calls: number
  /** A call by its number. */
  request(index: number): CallText
}

/** What a call consists of; header lines end with CRLF. */
export interface CallText {
  readonly path: string
  readonly headers: string
  readonly body: string
}

/** Runs the calls; gives how long each took, in ms. @throws one is not answered with 2xx */
export async function load(options: LoadOptions): Promise<readonly number[]> {
  const { hostname, port } = new URL(options.url)
  const ms: number[] = []
  let next = 0
  const caller = async (): Promise<void> => {
    const connection = new Connection(
      connect({ host: hostname, port: Number(port), noDelay: true })
    )
    for (let index = next++; index < options.calls; index = next++) {
      const text = requestText(options, hostname, index)
      const askedAt = performance.now()
      await connection.ask(text)
      ms.push(performance.now() - askedAt)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: options.callers }, caller))
  return ms
}

function requestText(options: LoadOptions, host: string, index: number): string {
  const { path, headers, body } = options.request(index)
  return (
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n${headers}` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** One connection that is kept; responses have a content-length and fit what a read gives, or come in some. */
class Connection {
  readonly #socket: Socket
  #heard = ''
  #answered: { resolve(): void; reject(error: Error): void } | null = null

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#hear(text))
    socket.on('error', error => this.#answered?.reject(error))
    socket.on('close', () => this.#answered?.reject(new Error('the connection was closed')))
  }

  ask(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answered = { resolve, reject }
      this.#socket.write(text)
    })
  }

  close(): void {
    this.#answered = null
    this.#socket.destroy()
  }

  #hear(text: string): void {
    this.#heard += text
    const head = this.#heard.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#heard)?.[1])
    if (this.#heard.length < head + 4 + length) return
    const response = this.#heard
    this.#heard = ''
    const answered = this.#answered
    this.#answered = null
    if (response.startsWith('HTTP/1.1 2')) answered?.resolve()
    else answered?.reject(new Error(response))
  }
}
