// The playground's ingress behind its route: messages for any function that is there.
import type { Clock } from '../../../base/index.ts'
import { functionsGroupName } from '../../../functions/index.ts'
import type { RunningFunctions } from '../../../functions/index.ts'
import type { Log } from '../../../log/log.ts'
import { Appender } from './appender.ts'
import { Backlog } from './backlog.ts'
import { VALUE_TYPE_HEADER, requestsTopic } from './specs.ts'

/** What the door is made from. */
export interface PlaygroundDoorOptions {
  readonly log: Log
  readonly clock: Clock
  readonly app: string
  /** Id of the ingress. */
  readonly id: string
  /** Function types, and namespaces with `/*`. */
  readonly known: readonly string[]
  /** Those of this process, which messages are handed to; or null. */
  readonly functions?: Pick<RunningFunctions, 'hand'> | null
  readonly waitingRecordsMax?: number
}

/** The playground's ingress. */
export class PlaygroundDoor {
  readonly known: readonly string[]
  readonly #clock: Clock
  readonly #appender: Appender
  readonly #backlog: Backlog

  private constructor(options: PlaygroundDoorOptions, appender: Appender, backlog: Backlog) {
    this.known = options.known
    this.#clock = options.clock
    this.#appender = appender
    this.#backlog = backlog
  }

  /** Opens it; its topic must exist. */
  static async open(options: PlaygroundDoorOptions): Promise<PlaygroundDoor> {
    const { log, clock, app, id, waitingRecordsMax } = options
    const topic = requestsTopic(app, id)
    const { spec } = await log.describeTopic(topic)
    const backlog = await Backlog.open({
      log,
      clock,
      topic,
      group: functionsGroupName(app),
      keepFrom: () => Infinity,
      ...(waitingRecordsMax === undefined ? {} : { recordsMax: waitingRecordsMax })
    })
    const appender = new Appender({
      log,
      clock,
      topic,
      partitions: spec.partitions,
      endOffsets: backlog.endOffsets,
      functions: options.functions ?? null,
      onDurable: (partition, endOffset, bytes) => backlog.appended(partition, endOffset, bytes),
      onTaken: (partition, endOffset) => backlog.taken(partition, endOffset)
    })
    return new PlaygroundDoor(options, appender, backlog)
  }

  /** Whether functions answer for a type. */
  isKnown(namespace: string, name: string): boolean {
    return this.known.includes(`${namespace}/${name}`) || this.known.includes(`${namespace}/*`)
  }

  /** Whether too much waits for the functions. */
  async isFull(): Promise<boolean> {
    if (this.#backlog.isFull) await this.#backlog.refresh()
    return this.#backlog.isFull
  }

  /** Resolves when the message is durable. */
  async append(message: {
    readonly key: string
    readonly valueType: string
    readonly value: Uint8Array
  }): Promise<void> {
    const { key, valueType, value } = message
    await this.#appender.append({
      timestampMs: this.#clock.now(),
      key: Buffer.from(key),
      value,
      headers: [{ key: VALUE_TYPE_HEADER, value: Buffer.from(valueType) }]
    })
  }

  idle(): Promise<void> {
    return this.#appender.idle()
  }
}
