// NATS JetStream beside the front door: its server (Debian's nats-server) and a client of its Go library.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { finished } from '../../test/command.ts'
import { cacheFolder, fetchOnce, hasCommand, runTool } from '../../test/kafka/toolchain.ts'

const LIBRARY = 'github.com/nats-io/nats.go@v1.38.0'

/** What a run of the client gives. */
export interface NatsProduced {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** A running server with its client. */
export interface Nats {
  produce(run: {
    readonly stream: string
    readonly records: number
    readonly bytes: number
    readonly rate?: number
  }): Promise<NatsProduced>
  /** Messages a second. */
  consume(run: { readonly stream: string; readonly records: number }): Promise<number>
  stop(): Promise<void>
}

/** Starts NATS with a file store. @returns why not, when it cannot be had */
export async function startNats(): Promise<Nats | { readonly missing: string }> {
  if (!hasCommand('nats-server')) {
    return { missing: 'nats-server is not installed (Debian: apt-get install nats-server)' }
  }
  const client = await buildClient()
  if ('missing' in client) return client
  const folder = mkdtempSync(join(tmpdir(), 'millrace-nats-'))
  // A port of −1 is a free one, which the server then names.
  const args = ['--jetstream', '--addr', '127.0.0.1', '--port', '-1', '--store_dir', folder]
  const server = spawn('nats-server', args)
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const port = /client connections on 127\.0\.0\.1:(\d+)/.exec(said)?.[1]
      if (port !== undefined && said.includes('Server is ready'))
        resolve(`nats://127.0.0.1:${port}`)
    })
    server.once('close', code => reject(new Error(`nats-server ended with ${code}: ${said}`)))
  })
  const load = async (args: readonly (string | number)[]): Promise<NatsProduced> => {
    const [mode, ...rest] = args.map(String)
    const done = await finished(spawn(client.program, [mode!, url, ...rest]))
    if (done.code !== 0)
      throw new Error(`the client of NATS ended with ${done.code}: ${done.stderr}`)
    return JSON.parse(done.stdout) as NatsProduced
  }
  return {
    produce: ({ stream, records, bytes, rate = 0 }) =>
      load(['produce', stream, records, bytes, rate]),
    consume: async ({ stream, records }) => (await load(['consume', stream, records, 0])).perSecond,
    stop: async () => {
      const closed = new Promise(resolve => server.once('close', resolve))
      server.kill('SIGTERM')
      await closed
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function buildClient(): Promise<{ readonly program: string } | { readonly missing: string }> {
  if (!hasCommand('go', 'version')) return { missing: 'go is not installed' }
  const folder = cacheFolder('nats-go-1')
  copyFileSync(join(import.meta.dirname, 'nats-load.go.txt'), join(folder, 'main.go'))
  const fetch = `rm -f go.mod go.sum && go mod init load && go get ${LIBRARY} && go mod tidy`
  const missing = fetchOnce(folder, 'sh', ['-c', fetch])
  if (missing !== null) return { missing }
  const built = await runTool('go', ['build', '-o', 'load', '.'], { cwd: folder })
  if (built.code !== 0) throw new Error(`the client of NATS does not build: ${built.stderr}`)
  return { program: join(folder, 'load') }
}
