// The API over a log in memory and a clock that a test moves, with small bounds.
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'

import { SimulatedClock } from '../../../base/index.ts'
import { openMemoryLog } from '../../../log/index.ts'
import type { Log } from '../../../log/log.ts'
import { ServedHost } from '../../served-host.ts'
import { ServedLog } from '../../served-log.ts'
import { HttpServer } from '../server.ts'
import { serveApi } from './index.ts'
import type { ApiHost, ServeApiOptions } from './index.ts'
import type { Problem } from './problem.ts'

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** The API of a process that runs nothing. */
export class ApiBench {
  readonly clock: SimulatedClock
  readonly log: Log
  readonly host: ApiHost
  readonly http: HttpServer

  private constructor(
    clock: SimulatedClock,
    log: Log,
    parts: { readonly host: ApiHost; readonly http: HttpServer }
  ) {
    this.clock = clock
    this.log = log
    this.host = parts.host
    this.http = parts.http
  }

  /** Starts one that ends with the test, with a topic `t`. */
  static async start(
    context: TestContext,
    bounds: Pick<ServeApiOptions, 'requestsMax' | 'socketsMax'> & {
      readonly bodiesBytesMax?: number
    }
  ): Promise<ApiBench> {
    const clock = new SimulatedClock()
    const log = openMemoryLog({ clock })
    await log.createTopic('t')
    const host = new ServedHost({
      log,
      served: await ServedLog.open(log, clock, false),
      clock,
      version: '0.0.0-test',
      deployments: null,
      engines: () => [],
      unready: () => null,
      onProblem: () => {}
    })
    const { bodiesBytesMax, ...api } = bounds
    const http = await HttpServer.start({
      log,
      clock,
      application: null,
      address: { host: '127.0.0.1', port: 0 },
      isAsked: true,
      ...(bodiesBytesMax === undefined ? {} : { bodiesBytesMax })
    })
    const end = await serveApi(http, { host, security: null, ...api })
    context.after(async () => {
      end()
      const closing = http.close(0)
      // Whoever does not take its leave is cut off.
      await clock.advance(60_000)
      await closing
      host.close()
      await log.close()
    })
    return new ApiBench(clock, log, { host, http })
  }

  get url(): string {
    return this.http.served[0]!.url
  }

  /** Writes records of so many characters. */
  async fill(records: number, length: number): Promise<void> {
    const value = Buffer.alloc(length, 'x')
    const record = { key: null, headers: [], partition: null, timestampMs: null, value }
    for (let count = 0; count < records; count++) await this.host.writer.write('t', [record])
  }

  /** Calls a path of the API on a connection of its own. */
  call(method: string, path: string, body = ''): Promise<Answer> {
    const headers = { 'content-type': 'text/plain', 'content-length': body.length }
    const url = `${this.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, agent: false, headers }, incoming => {
        let text = ''
        incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        incoming.on('end', () => {
          resolve({ status: incoming.statusCode!, headers: incoming.headers, text })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  /** Waits until so many timers run. */
  async timers(count: number): Promise<void> {
    while (this.clock.pending < count) await this.clock.yield()
  }
}

/** The code of an error. */
export function codeOf({ text }: Pick<Answer, 'text'>): string {
  return (JSON.parse(text) as Problem).code
}
