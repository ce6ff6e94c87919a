// The server of millrace in a process of its own, with its front door open: for benches of the broker.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const COMMAND = resolve(import.meta.dirname, '../../bin/millrace.js')
const OPTIONS = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
const DOOR = ['--listen', '127.0.0.1:0', '--http', 'none']

/** A running server. */
export interface FrontDoor {
  /** `host:port` of Kafka clients. */
  readonly bootstrap: string
  /** CPU time so far, of all threads, user and system, in milliseconds. */
  cpuMs(): number
  /** Resident memory in bytes. */
  residentBytes(): number
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Starts a server on an empty data directory. */
export async function openFrontDoor(): Promise<FrontDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const args = [COMMAND, 'start', '--data-dir', folder, ...DOOR]
  const server = spawn(process.execPath, [...OPTIONS, ...args])
  const bootstrap = await addressOf(server)
  return {
    bootstrap,
    cpuMs: () => {
      // Hundredths of a second, the 14th and 15th field; the name of the process, the second, may hold blanks.
      const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
      return (Number(fields[11]) + Number(fields[12])) * 10
    },
    residentBytes: () => {
      const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024
    },
    stop: async () => {
      const closed = new Promise(resolve => server.once('close', resolve))
      server.kill('SIGINT')
      await closed
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  let said = ''
  return await new Promise((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const address = /kafka +(\S+:\d+)/.exec(said)?.[1]
      if (address !== undefined && said.includes('ready in')) resolve(address)
    })
    child.once('close', code => reject(new Error(`the server ended with ${code}: ${said}`)))
  })
}
