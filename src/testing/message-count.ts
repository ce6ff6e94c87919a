// How many messages functions handle while a test waits: what has no end is told of, with the address it goes round at.
import { MillraceError } from '../base/index.ts'
import { type Address, typeName } from '../functions/index.ts'

/** A second for what goes round without a delay. A test that means more says so. */
const MESSAGES_MAX_DEFAULT = 100_000

/** Counts the messages of one wait. */
export class MessageCount {
  readonly #max: number
  readonly #over: (cause: MillraceError) => void
  readonly #byAddress = new Map<string, number>()
  #count = 0

  /** @throws TEST_OPTION a bound that is none */
  constructor(max: number = MESSAGES_MAX_DEFAULT, over: (cause: MillraceError) => void) {
    if (!Number.isSafeInteger(max) || max < 1) {
      throw new MillraceError(
        'TEST_OPTION',
        `messagesMax is ${max}; expected a whole number above 0; leave it out for ${MESSAGES_MAX_DEFAULT}`
      )
    }
    this.#max = max
    this.#over = over
  }

  /** The test waits anew. */
  begin(): void {
    this.#count = 0
    this.#byAddress.clear()
  }

  /** A message is about to be handled by an address. */
  handled(address: Address): void {
    // Hot: per message.
    const key = `${typeName(address)}/${address.id}`
    this.#byAddress.set(key, (this.#byAddress.get(key) ?? 0) + 1)
    if (++this.#count > this.#max) this.#over(this.#error())
  }

  #error(): MillraceError {
    const [[busiest, most]] = [...this.#byAddress].toSorted(([, a], [, b]) => b - a) as [
      [string, number]
    ]
    return new MillraceError(
      'TEST_ENDLESS',
      `functions handled more than ${this.#max} messages, ${most} of them at ${busiest}; ` +
        'all that comes of what a test does was expected to end; look for a message that leads to itself: send it ' +
        'with a delay (sendAfter), or raise messagesMax where so many are meant',
      { details: { messagesMax: this.#max, address: busiest, messages: most } }
    )
  }
}
