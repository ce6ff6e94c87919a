// An answer without an end: written as its caller takes it, and for as long as that may have it.
//
//   N1  A slow caller is waited for: nothing is kept for it but what Node has not sent yet.
//   N2  Whoever loses the login or the right to read gets nothing more.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import type { Clock } from '../../../base/index.ts'
import type { ApiRequest } from './request.ts'

/** How long a caller may take nothing before it is cut off, ms. */
export const STALLED_MS = 30_000

/** The answer to a request; its head is sent when it is made. */
export class EndlessAnswer {
  readonly #request: ApiRequest
  readonly #clock: Clock
  readonly #outgoing: ServerResponse

  constructor(request: ApiRequest, clock: Clock, contentType: string) {
    this.#request = request
    this.#clock = clock
    this.#outgoing = request.exchange.env.outgoing
    this.#outgoing.writeHead(200, {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no'
    })
    this.#outgoing.flushHeaders()
  }

  /** Sends a text; resolves when there is room for more, or the request is over (N1). @throws 401, 403 N2 */
  async send(text: string): Promise<void> {
    const { signal } = this.#request
    if (text === '' || signal.aborted) return
    this.#request.authorise()
    if (this.#outgoing.write(text)) return
    const timer = this.#clock.timer(STALLED_MS, () => this.#outgoing.destroy())
    try {
      await once(this.#outgoing, 'drain', { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      timer.cancel()
    }
  }

  end(): void {
    this.#outgoing.end()
  }
}
