// Calls in both directions over one message port, with errors that keep their codes.
//
//   W1  Every call is answered once, by a value or an error, or rejected when the port's other end is gone.
//   W2  Messages are plain data; buffers named in a transfer list change their owner.
import { MillraceError, type ErrorDetails } from '../../base/index.ts'

/** What a thread and its worker have in common. */
export interface Channel {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
  on(event: 'message', listener: (message: unknown) => void): unknown
}

/** An answer, with the buffers that go along. */
export interface Answer {
  readonly value: unknown
  readonly transfer?: readonly ArrayBuffer[]
}

/** Answers calls of one method. `signal` is aborted when the caller does not want the answer any more. */
export type Handler = (args: unknown, signal: AbortSignal) => Promise<Answer> | Answer

interface ErrorData {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: string | null
  readonly retriable: boolean
  readonly details: ErrorDetails
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  | { readonly kind: 'tell'; readonly method: string; readonly args: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly kind: 'cancel'; readonly id: number }

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** One end of a port. */
export class Peer {
  readonly #channel: Channel
  readonly #handlers = new Map<string, Handler>()
  readonly #pending = new Map<number, Pending>()
  readonly #running = new Map<number, AbortController>()
  #nextId = 1
  #closed: Error | null = null

  constructor(channel: Channel) {
    this.#channel = channel
    channel.on('message', message => this.#receive(message as Message))
  }

  /** Answers `method` from now on. */
  handle(method: string, handler: Handler): void {
    this.#handlers.set(method, handler)
  }

  /** Calls the other end. An aborted signal rejects with its reason and tells the other end. */
  call(
    method: string,
    args: unknown,
    options: { readonly transfer?: readonly ArrayBuffer[]; readonly signal?: AbortSignal } = {}
  ): Promise<unknown> {
    if (this.#closed !== null) return Promise.reject(this.#closed)
    const { signal, transfer = [] } = options
    if (signal?.aborted) return Promise.reject(signal.reason as Error)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#pending.delete(id)
        this.#post({ kind: 'cancel', id })
        reject(signal!.reason as Error)
      }
      const settle = () => signal?.removeEventListener('abort', onAbort)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#pending.set(id, {
        resolve: value => {
          settle()
          resolve(value)
        },
        reject: error => {
          settle()
          reject(error as Error)
        }
      })
      this.#post({ kind: 'call', id, method, args }, transfer)
    })
  }

  /** A message without an answer. */
  tell(method: string, args: unknown): void {
    if (this.#closed === null) this.#post({ kind: 'tell', method, args })
  }

  /** The other end is gone: rejects all calls, aborts all that it asked for (W1). */
  close(error: Error): void {
    if (this.#closed !== null) return
    this.#closed = error
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
    for (const controller of this.#running.values()) controller.abort(error)
  }

  #post(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    this.#channel.postMessage(message, transfer)
  }

  #receive(message: Message): void {
    if (this.#closed !== null) return
    switch (message.kind) {
      case 'call':
        void this.#answer(message.id, message.method, message.args)
        break
      case 'tell':
        void this.#handlers.get(message.method)?.(message.args, NEVER)
        break
      case 'answer':
        this.#take(message.id)?.resolve(message.value)
        break
      case 'error':
        this.#take(message.id)?.reject(errorOf(message.error))
        break
      case 'cancel':
        this.#running.get(message.id)?.abort(new Error('the caller cancelled'))
        break
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  async #answer(id: number, method: string, args: unknown): Promise<void> {
    const controller = new AbortController()
    this.#running.set(id, controller)
    try {
      const handler = this.#handlers.get(method)
      if (handler === undefined) throw new Error(`broken invariant: ${method} has a handler`)
      const { value, transfer } = await handler(args, controller.signal)
      if (this.#closed === null) this.#post({ kind: 'answer', id, value }, transfer)
    } catch (error) {
      if (this.#closed === null) this.#post({ kind: 'error', id, error: dataOf(error) })
    } finally {
      this.#running.delete(id)
    }
  }
}

const NEVER = new AbortController().signal

/** An error as plain data. */
export function dataOf(thrown: unknown): ErrorData {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { name, message, stack } = error
  if (!(error instanceof MillraceError)) {
    return { name, message, stack, code: null, retriable: false, details: {} }
  }
  const { code, retriable, details } = error
  return { name, message, stack, code, retriable, details }
}

/** The error again, on the other side. */
export function errorOf(data: ErrorData): Error {
  const { name, message, stack, code, retriable, details } = data
  const error =
    code === null ? new Error(message) : new MillraceError(code, message, { retriable, details })
  error.name = name
  if (stack !== undefined) error.stack = stack
  return error
}
