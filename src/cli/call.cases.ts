// Runs commands in the process of a test, which costs milliseconds where a process costs half a second.
import { main } from './main.ts'

/** How a command ended. */
export interface Called {
  readonly code: number
  /** What it wrote to stderr. */
  readonly text: string
}

/** Runs a command; what it writes to stdout goes there. */
export async function callMain(args: readonly string[]): Promise<Called> {
  const { stderr, stdout } = process
  const { write } = stderr
  let text = ''
  // Only this: the runner of the tests is told by stdout.
  stderr.write = (part: string | Uint8Array): boolean => {
    text += String(part)
    return true
  }
  const streams = [stdout, stderr].map(stream => [stream, stream.listeners('error')] as const)
  try {
    return { code: await main(args), text }
  } finally {
    stderr.write = write
    for (const [stream, before] of streams) {
      for (const listener of stream.listeners('error')) {
        if (!before.includes(listener)) stream.off('error', listener as () => void)
      }
    }
  }
}
