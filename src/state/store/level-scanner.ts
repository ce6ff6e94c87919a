// Iterates a LevelDB without promises: a thread of its own reads ahead, the caller's thread waits for it.
//
// classic-level has no synchronous iterator. Rejected: an index of all keys in memory (30 bytes and more a key, for
// states that are larger than memory), and reading each state wholly before it is needed. The cost of this way: 40
// to 60 ms and about 10 MB for the thread, once, by the first loop over cold keys; then about 400,000 pairs/s.
import { fileURLToPath } from 'node:url'
import { MessageChannel, type MessagePort, Worker, receiveMessageOnPort } from 'node:worker_threads'

import { MillraceError } from '../../base/index.ts'

/** What the thread is started with. */
export interface ScannerData {
  readonly path: string
  readonly options: object
  readonly port: MessagePort
  /** Element 0 counts answers; the waiting thread sleeps on it. */
  readonly answers: Int32Array
}

/** What the thread is asked. */
export type ScannerRequest =
  | {
      readonly kind: 'open'
      readonly scan: number
      readonly from: Uint8Array
      readonly to: Uint8Array
    }
  | { readonly kind: 'next'; readonly scan: number }
  | { readonly kind: 'end'; readonly scan: number }
  | { readonly kind: 'close' }

/** The next pairs of a scan, or why there are none. */
export type ScannerAnswer =
  | {
      readonly kind: 'pairs'
      readonly scan: number
      /** 0 at the end. */
      readonly count: number
      /** Keys and values one behind the other; packed, since cloning each array costs five times as much. */
      readonly bytes: Uint8Array
      /** Length of key, length of value, and so on. */
      readonly lengths: Uint32Array
    }
  | {
      readonly kind: 'failed'
      readonly scan: number
      readonly message: string
      readonly code: string
    }

/** A scanner of one database. */
export interface LevelScanner {
  /** All pairs with `from` ≤ key < `to` as of the first step. */
  scan(from: Uint8Array, to: Uint8Array): Generator<readonly [Uint8Array, Uint8Array], undefined>
  close(): Promise<void>
}

/** How long a thread may take to answer: far more than a slow disk needs. It cannot report a failed start meanwhile. */
const ANSWER_MS_MAX = 30_000

/** Starts the scanner's thread on the database at `path`, which this process has open with `multithreading`. */
export function openLevelScanner(path: string, options: object): LevelScanner {
  return new ThreadScanner(path, options)
}

class ThreadScanner implements LevelScanner {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #answers = new Int32Array(new SharedArrayBuffer(4))
  #scans = 0
  /** Answers that came before their loop asked, by the loops that are open. */
  readonly #early = new Map<number, ScannerAnswer | null>()

  constructor(path: string, options: object) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const url = new URL('./level-scanner-thread.ts', import.meta.url)
    // Built sources have the other ending.
    const file = fileURLToPath(url).replace(
      /\.ts$/,
      import.meta.url.endsWith('.js') ? '.js' : '.ts'
    )
    const data: ScannerData = { path, options, port: port2, answers: this.#answers }
    this.#worker = new Worker(file, { workerData: data, transferList: [port2] })
    this.#worker.unref()
    this.#port.unref()
  }

  *scan(from: Uint8Array, to: Uint8Array): Generator<readonly [Uint8Array, Uint8Array], undefined> {
    const scan = this.#scans++
    this.#early.set(scan, null)
    this.#send({ kind: 'open', scan, from: Uint8Array.from(from), to: Uint8Array.from(to) })
    try {
      for (;;) {
        const answer = this.#answer(scan)
        if (answer.kind === 'failed') {
          throw Object.assign(new Error(answer.message), { code: answer.code })
        }
        const { count, bytes, lengths } = answer
        if (count === 0) return
        // The thread reads on while these are used.
        this.#send({ kind: 'next', scan })
        const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        let start = 0
        for (let index = 0; index < count; index++) {
          const keyEnd = start + lengths[index * 2]!
          const end = keyEnd + lengths[index * 2 + 1]!
          yield [content.subarray(start, keyEnd), content.subarray(keyEnd, end)]
          start = end
        }
      }
    } finally {
      this.#early.delete(scan)
      this.#send({ kind: 'end', scan })
    }
  }

  async close(): Promise<void> {
    this.#send({ kind: 'close' })
    await new Promise<void>(resolve => {
      this.#worker.once('exit', () => resolve())
      this.#worker.ref()
    })
    this.#port.close()
  }

  /** Waits, with the thread blocked, for the next answer to `scan`. */
  #answer(scan: number): ScannerAnswer {
    const early = this.#early.get(scan) ?? null
    if (early !== null) {
      this.#early.set(scan, null)
      return early
    }
    for (;;) {
      const seen = Atomics.load(this.#answers, 0)
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) {
        if (Atomics.wait(this.#answers, 0, seen, ANSWER_MS_MAX) === 'timed-out') throw silent()
        continue
      }
      const answer = received.message as ScannerAnswer
      if (answer.scan === scan) return answer
      // Of a loop that encloses this one; what an ended loop asked for is dropped.
      if (this.#early.has(answer.scan)) this.#early.set(answer.scan, answer)
    }
  }

  #send(request: ScannerRequest): void {
    // The rule takes a port between threads for a window.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#port.postMessage(request)
  }
}

function silent(): MillraceError {
  return new MillraceError(
    'STATE_STORE_FAILED',
    `reading a state in order got no answer within ${ANSWER_MS_MAX} ms; expected the reading thread to run; ` +
      `see to the disk and to the memory that is left, then start again`
  )
}
