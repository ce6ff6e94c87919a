// Servers of others that tests start: free ports, waiting until they answer, ending them.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const START_MS = 90_000
const POLL_MS = 50
const STOP_MS = 20_000

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves once `answers` says so. @throws the process has ended, or takes too long */
export async function started(
  name: string,
  child: ChildProcess,
  answers: () => Promise<boolean>
): Promise<void> {
  const deadline = performance.now() + START_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
    if (await answers()) return
    await sleep(POLL_MS)
  }
  throw new Error(`${name} does not answer after ${START_MS / 1000} s`)
}

/** Whether somebody listens on a port of this machine. */
export function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const end = (value: boolean) => () => {
      socket.destroy()
      resolve(value)
    }
    socket.once('connect', end(true))
    socket.once('error', end(false))
  })
}

/** Ends a process; resolves when it has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exit
  clearTimeout(late)
}
