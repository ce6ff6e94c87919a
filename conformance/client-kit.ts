// What the suites of clients share: a log to work on, topics of their own, records as texts.
import { test, type TestContext } from 'node:test'

import {
  json,
  text,
  type Client,
  type Codecs,
  type ConsumedRecord,
  type Consumer
} from '../src/client/index.ts'

/** A log that clients reach. */
export interface ClientFixture {
  readonly client: Client
  close(): Promise<void>
}

/** What differs between kinds of logs. */
export interface ClientCapabilities {
  /** Codecs that producers may use. */
  readonly compressions: readonly ('none' | 'gzip' | 'snappy' | 'lz4' | 'zstd')[]
  /** Records of a transaction stand in the log before it is committed, and markers behind them. */
  readonly writesAhead: boolean
  /** Topics of its own that it shows on request, once a group has positions. */
  readonly internalTopics: readonly string[]
}

/** How a suite gets its log. One serves all cases. */
export interface ClientSuiteOptions {
  readonly name: string
  /** Why it cannot run here, or false. */
  readonly skip: string | false
  readonly capabilities: ClientCapabilities
  open(): Promise<ClientFixture>
}

/** Adds a case of a suite. */
export type AddCase = (
  name: string,
  body: (kit: ClientKit, capabilities: ClientCapabilities) => Promise<void>
) => void

/** Texts as keys and values. */
export const TEXTS: Codecs<string, string> = { key: text, value: text }
/** Numbers in JSON as values. */
export const NUMBERS: Codecs<string, number> = { key: text, value: json<number>() }

const SETTLE_TURNS = 500
let topics = 0

/** What a case works with. */
export class ClientKit {
  readonly client: Client
  readonly #name: string
  readonly #ends: (() => Promise<void>)[] = []

  constructor(client: Client, t: TestContext) {
    this.client = client
    this.#name = `t${process.pid}-${t.name.replaceAll(/\W+/g, '-').slice(0, 40)}`
  }

  /** A name that no other case has. */
  name(): string {
    return `${this.#name}-${topics++}`
  }

  /** A new topic. */
  async topic(partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = this.name()
    await this.client.admin.createTopic(name, { partitions, configs })
    return name
  }

  /** Writes values into partition 0, one after the other. */
  async write(topic: string, values: readonly string[]): Promise<void> {
    const producer = this.closing(await this.client.producer({ types: TEXTS }))
    await producer.sendAll(values.map(value => ({ topic, value, partition: 0 })))
  }

  /** Has something closed at the end of the case. */
  closing<T extends { close(): Promise<void> }>(made: T): T {
    this.#ends.unshift(() => made.close())
    return made
  }

  /** Reads all that is there now. */
  async all(
    topic: string,
    options: Partial<Parameters<Client['consumer']>[0]> = {}
  ): Promise<ConsumedRecord<string, string>[]> {
    const consumer = this.closing(
      await this.client.consumer({ topics: [topic], stopAtEnd: true, ...options, types: TEXTS })
    )
    return await drain(consumer)
  }

  /** The values of all that is there now. */
  async values(
    topic: string,
    options: Partial<Parameters<Client['consumer']>[0]> = {}
  ): Promise<(string | null)[]> {
    return (await this.all(topic, options)).map(record => record.value)
  }

  /** The same once `count` are there: a transaction is committed a moment before all readers see it. */
  async settled(
    topic: string,
    count: number,
    options: Partial<Parameters<Client['consumer']>[0]> = {}
  ): Promise<(string | null)[]> {
    for (let turn = 0; ; turn++) {
      const values = await this.values(topic, options)
      if (values.length >= count || turn === SETTLE_TURNS) return values
    }
  }

  async end(): Promise<void> {
    for (const end of this.#ends) await end()
  }
}

/** All records until the end. */
export async function drain<K, V>(consumer: Consumer<K, V>): Promise<ConsumedRecord<K, V>[]> {
  const records: ConsumedRecord<K, V>[] = []
  for await (const record of consumer) records.push(record)
  return records
}

/** The next `count` records. */
export async function take<K, V>(
  consumer: Consumer<K, V>,
  count: number
): Promise<ConsumedRecord<K, V>[]> {
  const records: ConsumedRecord<K, V>[] = []
  while (records.length < count) {
    const record = await consumer.next()
    if (record === null) break
    records.push(record)
  }
  return records
}

/** Runs cases one after the other on one log. */
export function runCases(
  { name, skip, capabilities, open }: ClientSuiteOptions,
  addAll: readonly ((add: AddCase) => void)[]
): void {
  test(name, { skip }, async t => {
    const fixture = await open()
    t.after(() => fixture.close())
    for (const addCases of addAll) {
      const cases: [string, Parameters<AddCase>[1]][] = []
      addCases((caseName, body) => cases.push([caseName, body]))
      for (const [caseName, body] of cases) {
        await t.test(caseName, async caseContext => {
          const kit = new ClientKit(fixture.client, caseContext)
          try {
            await body(kit, capabilities)
          } finally {
            await kit.end()
          }
        })
      }
    }
  })
}
