// An application of functions behind real HTTP on a log in memory, for the tests of this folder.
import { strictEqual } from 'node:assert/strict'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { type TestContext } from 'node:test'

import { SystemClock } from '../../base/index.ts'
import { compileModule, requiredFunctionTopics, startFunctions } from '../../functions/index.ts'
import type { RunningFunctions, StatefulFunction } from '../../functions/index.ts'
import { openMemoryLog } from '../../log/index.ts'
import type { Log } from '../../log/index.ts'
import { MemoryStore } from '../../state/index.ts'
import type { LoadedApplication } from '../functions/application.ts'
import { httpComponents, httpParts } from './requests/specs.ts'
import { HttpServer } from './server.ts'
import type { HttpOptions } from './server.ts'

/** Wall time that a test moves on; timers are the machine's. */
export class MovedClock extends SystemClock {
  movedMs = 0

  override now(): number {
    return super.now() + this.movedMs
  }
}

/** What came back. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A store that outlives the application that closes it. */
class Survivor extends MemoryStore {
  override close(): Promise<void> {
    return Promise.resolve()
  }
}

/** An application, started any number of times on one log. */
export class HttpBench {
  readonly clock: MovedClock = new MovedClock()
  readonly log: Log
  readonly application: LoadedApplication
  readonly #store = new Survivor()
  readonly #agent = new Agent({ keepAlive: true })
  functions: RunningFunctions | null = null
  server: HttpServer | null = null

  constructor(context: TestContext, yaml: string, functions: readonly StatefulFunction[]) {
    this.log = openMemoryLog({ clock: this.clock })
    const { plan, diagnostics } = compileModule(yaml, { file: 'module.yaml' })
    strictEqual(plan === null, false, JSON.stringify(diagnostics))
    this.application = {
      name: 'app',
      files: ['module.yaml'],
      functions,
      endpoints: [],
      ingresses: [],
      egresses: [],
      allowPrivate: false,
      http: httpComponents(plan!)
    }
    context.after(async () => {
      this.#agent.destroy()
      await this.stop()
    })
  }

  /** Starts functions and HTTP. */
  async start(options: Partial<HttpOptions> = {}): Promise<void> {
    await this.startFunctions()
    await this.serve(options)
  }

  async startFunctions(): Promise<void> {
    const { name, functions, http } = this.application
    const parts = httpParts(name, http)
    await this.createTopics()
    this.functions = await startFunctions({
      name,
      functions: [...functions, ...parts.functions],
      ingresses: parts.ingresses,
      egresses: parts.egresses,
      heardTopics: parts.heardTopics,
      log: this.log,
      clock: this.clock,
      openStore: () => Promise.resolve(this.#store),
      onLog: () => {}
    })
  }

  async serve(options: Partial<HttpOptions> = {}): Promise<HttpServer> {
    await this.createTopics()
    this.server = await HttpServer.start({
      log: this.log,
      clock: this.clock,
      application: this.application,
      functions: this.functions,
      address: { host: '127.0.0.1', port: 0 },
      isAsked: false,
      ...options
    })
    return this.server
  }

  async createTopics(): Promise<void> {
    const { name, http } = this.application
    const parts = httpParts(name, http)
    const known = new Set((await this.log.listTopics({ internal: true })).map(topic => topic.name))
    const topics = [
      ...requiredFunctionTopics({ name, ingresses: parts.ingresses }),
      ...parts.topics
    ]
    for (const { name: topic, internal, cleanup } of topics) {
      if (!known.has(topic)) {
        await this.log.createTopic(topic, { internal, cleanup: cleanup ?? 'delete' })
      }
    }
  }

  async stop(): Promise<void> {
    await this.server?.close(0)
    await this.functions?.stop()
  }

  /** The URL whose routes hold `words`. */
  url(words: string): string {
    return this.server!.served.find(({ routes }) => routes.some(one => one.includes(words)))!.url
  }

  /** POST with a body, over connections that are kept. */
  post(
    url: string,
    body: string | Buffer = '',
    headers: Record<string, string> = {}
  ): Promise<Answered> {
    return exchange(url, { method: 'POST', headers, body, agent: this.#agent })
  }
}

/** One request with node:http, which lets a test say everything. */
export function exchange(
  url: string,
  options: {
    readonly method?: string
    readonly headers?: Record<string, string>
    readonly body?: string | Buffer
    readonly agent?: Agent
  } = {}
): Promise<Answered> {
  const { method = 'GET', headers = {}, body, agent } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: agent ?? false }, incoming => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: incoming.statusCode!, headers: incoming.headers, text })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
