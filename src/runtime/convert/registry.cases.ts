// A schema registry for tests: the part of Confluent's API that serializers use, with its rules for ids, subjects,
// errors and backward compatibility of Avro. A peer over HTTP, not a mock of our client.
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import avsc from 'avsc'

interface Stored {
  readonly schema: string
  readonly schemaType: string
}

/** A running registry. */
export class TestRegistry {
  /** What was asked, as `GET /schemas/ids/1`. */
  readonly asked: string[] = []
  /** Answers with this status while it is set. */
  failing: number | null = null
  authorization: string | null = null
  readonly #schemas: Stored[] = []
  readonly #subjects = new Map<string, number[]>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        this.asked.push(`${request.method} ${request.url}`)
        const body = Buffer.concat(parts).toString()
        const [status, answer] = this.#answer(
          request.url ?? '',
          body,
          request.headers.authorization
        )
        response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
        response.end(JSON.stringify(answer))
      })
    })
  }

  static async start(): Promise<TestRegistry> {
    const registry = new TestRegistry()
    await new Promise<void>(resolve => registry.#server.listen(0, '127.0.0.1', resolve))
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get subjects(): readonly string[] {
    return [...this.#subjects.keys()]
  }

  /** Registers as another program would; gives the id. */
  add(subject: string, schema: string, schemaType = 'AVRO'): number {
    const [, answer] = this.#register(subject, { schema, schemaType })
    return (answer as { readonly id: number }).id
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #answer(url: string, body: string, authorization: string | undefined): [number, unknown] {
    if (this.failing !== null) return [this.failing, { error_code: 50001, message: 'store' }]
    if (this.authorization !== null && authorization !== this.authorization) {
      return [401, { error_code: 40101, message: 'Unauthorized' }]
    }
    const id = /^\/schemas\/ids\/(\d+)$/.exec(url)?.[1]
    if (id !== undefined) return this.#byId(Number(id))
    const subject = /^\/subjects\/([^/]+)\/versions$/.exec(url)?.[1]
    if (subject === undefined) return [404, { error_code: 404, message: 'HTTP 404 Not Found' }]
    const { schema, schemaType = 'AVRO' } = JSON.parse(body) as Stored
    return this.#register(decodeURIComponent(subject), { schema, schemaType })
  }

  #byId(id: number): [number, unknown] {
    const found = this.#schemas[id - 1]
    if (found === undefined) return [404, { error_code: 40403, message: `Schema ${id} not found` }]
    const { schema, schemaType } = found
    return [200, schemaType === 'AVRO' ? { schema } : { schema, schemaType }]
  }

  #register(subject: string, stored: Stored): [number, unknown] {
    const versions = this.#subjects.get(subject) ?? []
    const same = this.#schemas.findIndex(
      each => each.schema === stored.schema && each.schemaType === stored.schemaType
    )
    const last = versions.at(-1)
    if (last !== undefined && same + 1 !== last && !isBackward(stored, this.#schemas[last - 1]!)) {
      return [
        409,
        { error_code: 409, message: `Schema being registered is incompatible: ${subject}` }
      ]
    }
    const id = same >= 0 ? same + 1 : this.#schemas.push(stored)
    if (!versions.includes(id)) this.#subjects.set(subject, [...versions, id])
    return [200, { id }]
  }
}

function isBackward(reader: Stored, writer: Stored): boolean {
  if (reader.schemaType !== writer.schemaType) return false
  if (reader.schemaType !== 'AVRO') return true
  try {
    const read = avsc.Type.forSchema(JSON.parse(reader.schema) as avsc.Schema)
    read.createResolver(avsc.Type.forSchema(JSON.parse(writer.schema) as avsc.Schema))
    return true
  } catch {
    return false
  }
}
