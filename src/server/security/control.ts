// The local socket of a server, in its data directory: whoever may open the directory may administer it.
//
// One connection carries one command: a line of JSON there, a line back. The system's permissions of the directory
// (0700) and the socket (0600) say who may; nothing listens on the network.
import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'

import { MillraceError, isMillraceError, messageOf } from '../../base/index.ts'
import type { SecurityCommand, SecurityResult } from './administration.ts'

const SOCKET_FILE = 'control.sock'
/** What `sockaddr_un` takes; macOS takes less than Linux. */
const PATH_BYTES_MAX = 103
/** Ten thousand access rules with the longest names. */
const LINE_BYTES_MAX = 32 * 1024 * 1024
const PATIENCE_MS = 10_000

type Answer =
  | { readonly ok: SecurityResult }
  | { readonly error: { readonly code: string; readonly message: string } }

/** A socket that takes commands. */
export class ControlSocket {
  readonly #server: Server
  readonly #path: string
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  /**
   * Listens in a data directory that this process has locked; `run` does what commands say. null: the system has no
   * such sockets, or the path is too long for one; commands then need the server stopped.
   */
  static async open(
    folder: string,
    run: (command: SecurityCommand) => Promise<SecurityResult>
  ): Promise<ControlSocket | null> {
    const path = join(folder, SOCKET_FILE)
    if (process.platform === 'win32' || Buffer.byteLength(path) > PATH_BYTES_MAX) return null
    // Of a server that was killed; this one has the lock.
    rmSync(path, { force: true })
    const server = createServer()
    const control = new ControlSocket(server, path)
    server.on('connection', socket => control.#serve(socket, run))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(path, resolve)
    try {
      await promise
    } catch {
      return null
    }
    chmodSync(path, 0o600)
    server.unref()
    return control
  }

  #serve(socket: Socket, run: (command: SecurityCommand) => Promise<SecurityResult>): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
    readLine(socket)
      .then(async line => {
        const answer = await answerTo(line, run)
        socket.end(`${JSON.stringify(answer)}\n`)
      })
      .catch(() => socket.destroy())
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    for (const socket of this.#sockets) socket.destroy()
    await promise
    rmSync(this.#path, { force: true })
  }
}

async function answerTo(
  line: string,
  run: (command: SecurityCommand) => Promise<SecurityResult>
): Promise<Answer> {
  try {
    return { ok: await run(JSON.parse(line) as SecurityCommand) }
  } catch (error) {
    const code = isMillraceError(error) ? error.code : 'CONTROL_FAILED'
    return { error: { code, message: messageOf(error) } }
  }
}

/** Has the server of a data directory do what a command says; null: no server answers there. */
export async function askServer(
  folder: string,
  command: SecurityCommand
): Promise<SecurityResult | null> {
  const socket = connect(join(folder, SOCKET_FILE))
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  } catch {
    return null
  }
  socket.setTimeout(PATIENCE_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.write(`${JSON.stringify(command)}\n`)
  const answer = JSON.parse(await readLine(socket)) as Answer
  socket.destroy()
  if ('ok' in answer) return answer.ok
  throw new MillraceError(answer.error.code, answer.error.message)
}

function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      const end = chunk.indexOf('\n')
      text += end >= 0 ? chunk.slice(0, end) : chunk
      if (end >= 0) resolve(text)
      else if (text.length > LINE_BYTES_MAX) reject(new Error('the line is too long'))
    })
    socket.once('close', () => reject(new Error('the connection ended')))
  })
}
