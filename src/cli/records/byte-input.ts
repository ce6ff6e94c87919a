// The bytes that a command reads: a file, or stdin as it comes.
import { open, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'

import { MillraceError } from '../../base/index.ts'
import type { ByteSource } from '../../server/index.ts'
import { note } from '../output/output.ts'

/** An input that can be stopped while it waits. */
export interface Input extends ByteSource {
  /** Bytes in all; 0 when that is not known. */
  readonly size: number
  stop(): void
  close(): Promise<void>
}

/** Opens a file; undefined and `-` are stdin. @throws USAGE it cannot be read */
export async function openInput(path: string | undefined): Promise<Input> {
  if (path === undefined || path === '-') return streamInput(process.stdin)
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    const { size } = found
    const handle = await open(path)
    let isStopped = false
    return {
      size,
      read: async into => (isStopped ? 0 : (await handle.read(into, 0, into.length)).bytesRead),
      stop: () => (isStopped = true),
      close: () => handle.close()
    }
  } catch (error) {
    throw new MillraceError(
      'USAGE',
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}); expected was a file; correct the path`,
      { cause: error }
    )
  }
}

function streamInput(stream: Readable): Input {
  if (process.stdin.isTTY === true) note('One record per line; Ctrl-D ends.')
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const { promise: stopped, resolve: stop } = Promise.withResolvers<null>()
  let rest: Buffer = Buffer.alloc(0)
  return {
    size: 0,
    read: async into => {
      if (rest.length === 0) {
        const next = await Promise.race([chunks.next(), stopped])
        if (next === null || next.done === true) return 0
        rest = next.value
      }
      const count = rest.copy(into)
      rest = rest.subarray(count)
      return count
    },
    stop: () => stop(null),
    close: () => {
      stream.destroy()
      return Promise.resolve()
    }
  }
}

/** All bytes that are left. */
export async function wholeOf(input: Input): Promise<Buffer> {
  const parts: Buffer[] = []
  for (;;) {
    const into = Buffer.allocUnsafe(64 * 1024)
    const count = await input.read(into)
    if (count === 0) return Buffer.concat(parts)
    parts.push(into.subarray(0, count))
  }
}
