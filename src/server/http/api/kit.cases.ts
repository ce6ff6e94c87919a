// A whole server in a temporary data directory, for the tests of the API and of deployments.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

import { LogServer } from '../../log-server.ts'
import type { LogServerOptions } from '../../log-server.ts'
import type { Problem } from './problem.ts'

/** A server that can be started again on its data. */
export class ServerBench {
  readonly folder: string
  readonly problems: string[] = []
  readonly events: string[] = []
  server: LogServer | null = null
  readonly #options: Partial<LogServerOptions>

  private constructor(options: Partial<LogServerOptions>) {
    this.folder = mkdtempSync(join(tmpdir(), 'millrace-server-'))
    this.#options = options
  }

  /** Starts one that ends with the test. */
  static async start(
    context: TestContext,
    options: Partial<LogServerOptions> = {}
  ): Promise<ServerBench> {
    const bench = new ServerBench(options)
    context.after(async () => {
      await bench.stop()
      rmSync(bench.folder, { recursive: true })
    })
    await bench.start()
    return bench
  }

  /** With a sign that URLs write otherwise. */
  get data(): string {
    return join(this.folder, 'the data')
  }

  /** Starts it; resolves when deployments have started, too. */
  async start(): Promise<void> {
    const free = { host: '127.0.0.1', port: 0 }
    this.server = await LogServer.start({
      folder: this.data,
      address: free,
      http: free,
      version: '0.0.0-test',
      onLogEvent: () => {},
      onProblem: message => void this.problems.push(message),
      onDeployment: (name, message) => void this.events.push(`${name}: ${message}`),
      ...this.#options
    })
    await this.server.started
  }

  async stop(): Promise<void> {
    await this.server?.stop()
    this.server = null
  }

  get url(): string {
    return this.server!.url!
  }

  /** Calls the API; gives the status and the JSON of the answer. */
  async call<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {}
  ): Promise<{ readonly status: number; readonly body: T; readonly headers: Headers }> {
    const isJson = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)
    const response = await fetch(`${this.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
      method,
      headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as string) })
    })
    const text = await response.text()
    const type = response.headers.get('content-type') ?? ''
    const parsed =
      type.includes('json') && !type.includes('ndjson') && text !== '' ? JSON.parse(text) : text
    return { status: response.status, body: parsed as T, headers: response.headers }
  }

  /** Calls it and expects it to work. */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.call<T>('GET', path)
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** Calls it and gives the code of the problem, or the status of an answer. */
  async problem(method: string, path: string, body?: unknown): Promise<string> {
    const answer = await this.call<Problem>(method, path, body)
    return answer.status < 400 ? String(answer.status) : `${answer.status} ${answer.body.code}`
  }

  /** Writes values of text into a topic. */
  async produce(topic: string, values: readonly unknown[]): Promise<void> {
    const records = values.map(value => ({ value }))
    const { status, body } = await this.call('POST', `topics/${topic}/records`, { records })
    if (status !== 200) throw new Error(`produce: ${status} ${JSON.stringify(body)}`)
  }

  /** Waits until a topic has so many records; gives their values. */
  async values(topic: string, count: number, values = 'json'): Promise<unknown[]> {
    const found: unknown[] = []
    let position = ''
    while (found.length < count) {
      const more = position === '' ? '' : `&position=${position}`
      const answer = await this.get<{ records: { value: unknown }[]; position: string }>(
        `topics/${topic}/records?waitMs=20000&values=${values}${more}`
      )
      if (answer.records.length === 0) throw new Error(`${topic} has ${found.length} of ${count}`)
      found.push(...answer.records.map(record => record.value))
      position = answer.position
    }
    return found
  }

  /** Writes files beside the data. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      const full = join(this.folder, path)
      mkdirSync(dirname(full), { recursive: true })
      writeFileSync(full, text)
    }
  }
}

/** A dataflow that marks each line, counts all lines of a word in a state, and passes them on. */
export function markingFlow(
  mark: string,
  more: { readonly name?: string; readonly run?: string } = {}
): string {
  const { name = 'marks', run = `return { mark: '${mark}', line }` } = more
  return `apiVersion: 1.0.0
meta: { name: ${name}, namespace: tests, version: 0.1.0 }
topics:
  ${name}-in: { schema: { value: { type: string, converter: raw } } }
  ${name}-out: { schema: { value: { type: marked, converter: json } } }
types:
  marked: { type: object, properties: { mark: string, line: string } }
services:
  mark:
    sources: [{ type: topic, id: ${name}-in }]
    states:
      seen: { type: keyed-state, properties: { key: string, value: u32 } }
    partition:
      assign-key:
        run: |
          function byLine(line: string): string { return line }
      update-state:
        run: |
          function markLine(line: string, ctx: Context): Marked {
            ctx.state.seen.update(n => n + 1)
            ${run}
          }
    sinks: [{ type: topic, id: ${name}-out }]
`
}
