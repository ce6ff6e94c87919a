// An application of functions in the world of a test: its topics, its starts, and what the test says to it.
import { MillraceError } from '../base/index.ts'
import type { TopicPlan } from '../dataflow/plan.ts'
import {
  type Address,
  addressOf,
  type EgressSpec,
  type FunctionsOptions,
  type IngressSpec,
  isKafkaRecord,
  kafkaRecord,
  Message,
  type OutgoingMessage,
  parseTypeName,
  requiredFunctionTopics,
  type RetryPolicy,
  type RunningFunctions,
  startFunctions,
  type StatefulFunction,
  typeName
} from '../functions/index.ts'
import { MemoryStore } from '../state/index.ts'
import { MessageCount } from './message-count.ts'
import type { Resident, World } from './world.ts'

/** Messages of the test; the key says to whom and from whom. */
const MESSAGES = 'test.messages'
/** Values that leave over an egress and are no records of a topic. */
const EGRESS = 'test.egress'
/** The application's own topics, for the world to write and read. */
export const FUNCTION_TOPICS: readonly TopicPlan[] = [MESSAGES, EGRESS].map(name => ({
  id: name,
  name,
  partitions: 1,
  key: { kind: 'string' },
  value: { type: { kind: 'bytes' }, converter: 'raw' },
  start: { position: 'beginning', value: 0 },
  compression: 'none',
  retentionMs: null,
  retentionBytes: null,
  cleanup: null,
  at: { file: '', line: 1, column: 1 }
}))

/** What an application is made of. */
export interface FunctionsAppOptions {
  readonly name: string
  readonly functions: readonly StatefulFunction[]
  readonly ingresses: readonly IngressSpec[]
  readonly egresses: readonly EgressSpec[]
  readonly tasks: number
  readonly retries: RetryPolicy | undefined
  readonly messagesMax: number | undefined
}

/** A value that left over an egress. */
export interface TestEgress {
  readonly from: Address
  readonly message: Message
}

interface MessageKey {
  readonly target: string
  readonly id: string
  readonly typename: string
  readonly caller: readonly [typename: string, id: string] | null
}

interface EgressKey {
  readonly egress: string
  readonly typename: string
  readonly from: readonly [typename: string, id: string]
}

/** One application, over all its starts in a test. */
export class FunctionsApp implements Resident {
  readonly name: string
  readonly #world: World
  readonly #options: FunctionsAppOptions
  readonly #count: MessageCount
  #running: RunningFunctions | null = null

  constructor(world: World, options: FunctionsAppOptions) {
    this.name = options.name
    this.#world = world
    this.#options = options
    this.#count = new MessageCount(options.messagesMax, cause => world.faults.crash(cause))
  }

  /** Places at which a test may let something fail. */
  get places(): readonly string[] {
    return this.#options.functions.map(fn => fn.typename)
  }

  get egresses(): readonly string[] {
    return this.#options.egresses.map(egress => egress.typename)
  }

  get isRunning(): boolean {
    return this.#running?.status === 'running'
  }

  get finished(): Promise<void> {
    return this.running.finished
  }

  get running(): RunningFunctions {
    const { faults } = this.#world
    if (faults.cause !== null) throw faults.cause
    if (this.#running === null || faults.isCrashed) {
      throw new MillraceError(
        'FUNCTIONS_STOPPED',
        this.#running === null
          ? 'the functions are closed; open ones were expected; open others'
          : 'the process has crashed, as the test wants it; a running one was expected; call recover() first'
      )
    }
    return this.#running
  }

  settle(): Promise<void> {
    this.#count.begin()
    return this.running.settle()
  }

  async createTopics(): Promise<void> {
    const { log } = this.#world
    const known = new Set((await log.listTopics({ internal: true })).map(topic => topic.name))
    for (const { name, partitions, internal, cleanup } of requiredFunctionTopics(this.#all())) {
      if (known.has(name)) continue
      await log.createTopic(name, {
        partitions: partitions ?? 1,
        internal,
        cleanup: cleanup ?? 'delete'
      })
    }
    const named = this.#options.egresses.flatMap(egress => egress.topics ?? [])
    for (const name of [EGRESS, ...named]) if (!known.has(name)) await this.#openTopic(name)
  }

  async start(): Promise<void> {
    this.#running = await startFunctions(this.#all())
  }

  async stop(): Promise<void> {
    if (this.isRunning && !this.#world.faults.isCrashed) await this.#running?.stop()
    this.#running = null
  }

  /** Writes messages, as from `caller` if there is one. */
  async send(messages: readonly OutgoingMessage[], caller: Address | null): Promise<void> {
    const records = messages.map(({ target, argument }) => {
      const key: MessageKey = {
        target: typeName(target),
        id: target.id,
        typename: argument.typename,
        caller: caller === null ? null : [typeName(caller), caller.id]
      }
      return { key: JSON.stringify(key), value: argument.bytes }
    })
    await this.#world.append(MESSAGES, records)
  }

  /** All that left over an egress. */
  async readEgress(egress: string): Promise<TestEgress[]> {
    const records = await this.#world.read(EGRESS)
    return records.flatMap(({ key, value }) => {
      const said = JSON.parse(String(key)) as EgressKey
      if (said.egress !== egress) return []
      const message = new Message({ typename: said.typename, bytes: value as Uint8Array })
      return [{ from: addressOf(...said.from), message }]
    })
  }

  #all(): FunctionsOptions {
    const { faults, clock } = this.#world
    const { functions, ingresses, egresses, tasks, retries, name } = this.#options
    const log = this.#world.openLog()
    return {
      name,
      functions: functions.map(fn => {
        const around = faults.around(
          fn.typename,
          fn.handler.bind(fn)
        ) as StatefulFunction['handler']
        // Delayed messages of a process that crashed still fall due on the clock.
        const handler: StatefulFunction['handler'] = (context, message) => {
          if (!log.isOver) this.#count.handled(context.self)
          return log.isOver ? new Promise<void>(() => {}) : around(context, message)
        }
        return { ...fn, handler }
      }),
      ingresses: [...ingresses, MESSAGES_INGRESS],
      egresses: egresses.map(toTopics),
      ...(retries === undefined ? {} : { retries }),
      tasks,
      clock,
      log,
      openStore: () => Promise.resolve(new MemoryStore()),
      openTopic: topic => this.#openTopic(topic),
      onLog: line => void this.#world.lines.push(line)
    }
  }

  async #openTopic(name: string): Promise<number> {
    const topics = await this.#world.log.listTopics()
    const found = topics.find(topic => topic.name === name)
    return (found ?? (await this.#world.log.createTopic(name, { partitions: 1 }))).spec.partitions
  }
}

const MESSAGES_INGRESS: IngressSpec = {
  kind: 'router',
  topic: MESSAGES,
  name: 'test',
  route({ key, value }) {
    const said = JSON.parse(Buffer.from(key!).toString()) as MessageKey
    const message = {
      target: addressOf(said.target, said.id),
      argument: { typename: said.typename, bytes: Buffer.from(value!) }
    }
    return [said.caller === null ? message : { ...message, caller: addressOf(...said.caller) }]
  }
}

/** Records of topics go where they say; other values where the test finds them. */
function toTopics(spec: EgressSpec): EgressSpec {
  const { typename } = spec
  return {
    ...spec,
    ...(spec.topics === undefined ? {} : { topics: [...spec.topics, EGRESS] }),
    record(argument, from) {
      if (spec.record !== undefined) return spec.record(argument, from)
      if (isKafkaRecord(argument)) return kafkaRecord(typename, argument)
      const key: EgressKey = {
        egress: typename,
        typename: argument.typename,
        from: [typeName(from), from.id]
      }
      return { topic: EGRESS, key: Buffer.from(JSON.stringify(key)), value: argument.bytes }
    }
  }
}

/** An egress that has no more than a name. @throws FUNCTION_TYPENAME it is none */
export function egressNamed(typename: string): EgressSpec {
  if (parseTypeName(typename) !== null) return { typename }
  throw new MillraceError(
    'FUNCTION_TYPENAME',
    `an egress is called ${JSON.stringify(typename)}; expected "namespace/name"; correct it`
  )
}
