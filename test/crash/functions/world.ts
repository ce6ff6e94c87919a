// The world around the killed process: its folder, its module file, the endpoints and what the topics hold at the end.
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EGRESS, type FirstOrder, ORDER_TYPENAME, TYPES, typeOf } from './commands.ts'
import type { Found, Told } from './judge.ts'

/** An async call that hangs ends after this, and its message is a dead letter. */
const CALL = '1s'
const OUTPUTS = ['texts', 'counts', 'functions.dead-letter'] as const

/** Names other input files. */
type Suffix = '' | '-questions'

/** A folder with everything that `millrace run` needs. */
export class World {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'millrace-kill-functions-'))
  readonly #endpoints = new Map<'original' | 'socket', ChildProcess>()
  /** What is wrong when an endpoint has ended by itself. */
  ended: string | null = null
  #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Starts the endpoints and writes the module file. */
  async begin(): Promise<void> {
    const port = await this.#endpoint('original', '0')
    await this.restartSocket()
    writeFileSync(join(this.folder, 'module.yaml'), moduleOf(port, this.#socket()))
    this.feed([])
  }

  /** Kills the endpoint behind the socket, if there is one, and starts it anew. */
  async restartSocket(): Promise<void> {
    const before = this.#endpoints.get('socket')
    if (before !== undefined) {
      const gone = new Promise(resolve => before.once('close', resolve))
      before.kill('SIGKILL')
      await gone
      rmSync(this.#socket(), { force: true })
    }
    await this.#endpoint('socket', this.#socket())
  }

  /** Endpoints make no more faults. */
  calm(): void {
    for (const child of this.#endpoints.values()) child.stdin!.write('calm\n')
  }

  /** Appends messages to the files that the process feeds from, or to others beside them. */
  feed(orders: readonly FirstOrder[], suffix: Suffix = ''): void {
    for (const type of TYPES) {
      const lines = orders
        .filter(({ id }) => typeOf(id) === type)
        .map(({ id, order }) => `${id}|${JSON.stringify(order)}\n`)
      appendFileSync(join(this.folder, `${type}${suffix}.txt`), lines.join(''))
    }
  }

  /** The arguments of every run, without its inputs. */
  get arguments(): readonly string[] {
    return ['run', 'module.yaml', '--functions', join(import.meta.dirname, 'in-process.ts')]
  }

  /** Further ones that feed what {@link feed} has written. */
  inputs(suffix: Suffix = ''): readonly string[] {
    const inputs = TYPES.flatMap(type => ['--in', `${type}=${type}${suffix}.txt`])
    return [...inputs, '--key-separator', '|']
  }

  /** Further ones that write what the topics hold. */
  get outputs(): readonly string[] {
    return [...OUTPUTS.flatMap(topic => ['--out', `${topic}=${topic}.out`]), '--out-format', 'json']
  }

  /** Reads what {@link outputs} has written. */
  found(): Found {
    return {
      told: this.#values<string>('counts').map(({ value }) => JSON.parse(value) as Told),
      texts: this.#values<string>('texts').map(({ value }) => value),
      dead: this.#values<string>('functions.dead-letter').map(({ value, headers }) => [
        (JSON.parse(value) as { n: number }).n,
        headers!['millrace-error-code']!
      ])
    }
  }

  end(): void {
    for (const child of this.#endpoints.values()) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true })
  }

  #values<V>(topic: string): { value: V; headers?: Record<string, string> }[] {
    const lines = readFileSync(join(this.folder, `${topic}.out`), 'utf8').split('\n')
    return lines.filter(line => line !== '').map(line => JSON.parse(line) as { value: V })
  }

  #socket(): string {
    return join(this.folder, 'functions.sock')
  }

  /** Starts an endpoint; gives where it listens. */
  async #endpoint(type: 'original' | 'socket', place: string): Promise<string> {
    const file = join(import.meta.dirname, 'faulty-endpoint.ts')
    const conditions = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
    const child = spawn(
      process.execPath,
      [...conditions, file, type, place, String(this.#seed++)],
      {
        stdio: ['pipe', 'pipe', 'inherit']
      }
    )
    this.#endpoints.set(type, child)
    child.once('close', code => {
      if (code !== null) this.ended = `the endpoint ${type} has ended with ${code}`
    })
    const lines = createInterface(child.stdout)
    for await (const line of lines) return line
    throw new Error(`the endpoint ${type} has ended with ${child.exitCode}`)
  }
}

function moduleOf(port: string, socket: string): string {
  const topics = TYPES.map(
    type => `    - { topic: ${type}, valueType: ${ORDER_TYPENAME}, targets: [smoke/${type}] }\n`
  )
  return `kind: io.millrace.topic.v1/ingress
spec:
  id: smoke/in
  startupPosition: { type: earliest }
  topics:
${topics.join('')}---
kind: io.millrace.topic.v1/egress
spec: { id: ${EGRESS} }
---
kind: io.statefun.endpoints.v2/http
spec:
  functions: smoke/original
  urlPathTemplate: http://127.0.0.1:${port}/
  transport: { type: io.statefun.transports.v1/async, call: ${CALL} }
---
kind: io.statefun.endpoints.v2/http
spec:
  functions: smoke/socket
  urlPathTemplate: http+unix://${socket}/
  transport:
    type: io.statefun.transports.v1/okhttp
    timeouts: { call: 2min, read: 300ms }
`
}
