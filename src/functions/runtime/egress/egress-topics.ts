// The topics that egresses name: how many partitions each has, asked when a record first names one.
import type { FunctionsOptions } from '../contract.ts'

/** Topics of egresses; shared by the tasks of an application. */
export class EgressTopics {
  readonly #options: Pick<FunctionsOptions, 'log' | 'openTopic'>
  readonly #partitions: Map<string, number>
  /** Those that are being asked about. */
  readonly #opening = new Map<string, Promise<number>>()

  private constructor(options: FunctionsOptions, partitions: Map<string, number>) {
    this.#options = options
    this.#partitions = partitions
  }

  /** With the topics that exist: the first record for one of them then waits for nothing, and keeps its place. */
  static async open(options: FunctionsOptions): Promise<EgressTopics> {
    const topics = await options.log.listTopics()
    return new EgressTopics(
      options,
      new Map(topics.map(({ name, spec }) => [name, spec.partitions]))
    )
  }

  /** How many partitions a topic has; undefined: it must be {@link learn}ed. */
  partitionsOf(name: string): number | undefined {
    return this.#partitions.get(name)
  }

  /**
   * Finds out about topics. Calls that name one at the same time wait for the same answer: two that made a topic would
   * be in each other's way.
   */
  async learn(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (this.#partitions.has(name)) continue
      let opening = this.#opening.get(name)
      if (opening === undefined) {
        opening = this.#ask(name).finally(() => this.#opening.delete(name))
        this.#opening.set(name, opening)
      }
      this.#partitions.set(name, await opening)
    }
  }

  async #ask(name: string): Promise<number> {
    const { log, openTopic } = this.#options
    return openTopic === undefined
      ? (await log.describeTopic(name)).spec.partitions
      : openTopic(name)
  }
}
