// Where output lines go: stdout, a file that appears whole at the end, or a file that grows.
import { lstat, open, realpath, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'

/** Text that is collected before it is written. */
const CHUNK_LENGTH = 256 * 1024

/** Takes lines. `flush` is awaited by whoever produces them, for back-pressure. */
export interface LineSink {
  /** Adds a line; it is written by `flush`. */
  line(text: string): void
  /** Whether enough has been collected that `flush` is due. */
  readonly due: boolean
  /** Writes what was collected; false when nobody reads any more (a closed pipe): a clean end. */
  flush(): Promise<boolean>
  /** Writes the rest and makes the file appear under its name. */
  finish(): Promise<void>
  /** Gives up: a file that was to appear whole does not appear. */
  abandon(): Promise<void>
}

abstract class CollectingSink implements LineSink {
  #text = ''

  get due(): boolean {
    return this.#text.length >= CHUNK_LENGTH
  }

  line(text: string): void {
    this.#text += text + '\n'
  }

  async flush(): Promise<boolean> {
    const text = this.#text
    this.#text = ''
    return text === '' ? !this.closed : this.write(text)
  }

  protected get closed(): boolean {
    return false
  }

  protected abstract write(text: string): Promise<boolean>
  abstract finish(): Promise<void>
  abstract abandon(): Promise<void>
}

/** Lines to a stream that stays open afterwards, usually stdout. */
export class StreamSink extends CollectingSink {
  readonly #stream: Writable
  #failure: NodeJS.ErrnoException | null = null
  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#failure ??= error
  }

  constructor(stream: Writable) {
    super()
    this.#stream = stream
    stream.on('error', this.#onError)
  }

  protected override get closed(): boolean {
    if (this.#failure !== null && this.#failure.code !== 'EPIPE') throw this.#failure
    return this.#failure !== null
  }

  protected async write(text: string): Promise<boolean> {
    if (this.closed) return false
    // The callback has the error before the stream's own event tells it.
    await new Promise<void>(resolve =>
      this.#stream.write(text, error => {
        if (error) this.#onError(error)
        resolve()
      })
    )
    return !this.closed
  }

  async finish(): Promise<void> {
    await this.flush()
    this.#stream.off('error', this.#onError)
  }

  async abandon(): Promise<void> {
    this.#stream.off('error', this.#onError)
  }
}

/** Lines to a file. */
export class FileSink extends CollectingSink {
  readonly #path: string
  /** Name until `finish`; null when the lines go to their place at once. */
  readonly #partial: string | null
  readonly #handle: FileHandle

  private constructor(path: string, partial: string | null, handle: FileHandle) {
    super()
    this.#path = path
    this.#partial = partial
    this.#handle = handle
  }

  /**
   * Opens `path` anew. With `whole` the file keeps what it has until `finish` replaces it; the file that a symbolic
   * link means, never the link. What is no regular file (a device, a pipe, a file that is open: /dev/fd/3) is
   * written directly.
   */
  static async open(path: string, options: { readonly whole: boolean }): Promise<FileSink> {
    const found = await stat(path).catch(() => null)
    const isOpenFile = /^\/(dev|proc)\//.test(resolve(path))
    if (isOpenFile) return new FileSink(path, null, await open(path, 'a'))
    const named = found ?? (await lstat(path).catch(() => null))
    if (!options.whole || (named !== null && !named.isFile())) {
      return new FileSink(path, null, await open(path, 'w'))
    }
    const target = found === null ? path : await realpath(path)
    const partial = `${target}.partial-${process.pid}`
    return new FileSink(target, partial, await open(partial, 'w'))
  }

  protected async write(text: string): Promise<boolean> {
    await this.#handle.writeFile(text)
    return true
  }

  async finish(): Promise<void> {
    await this.flush()
    await this.#handle.close()
    if (this.#partial !== null) await rename(this.#partial, this.#path)
  }

  async abandon(): Promise<void> {
    await this.#handle.close()
    if (this.#partial !== null) await rm(this.#partial, { force: true })
  }
}
