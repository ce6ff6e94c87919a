// Asking before something is destroyed: on a terminal, and never anywhere else.
import { createInterface } from 'node:readline/promises'

import { MillraceError } from '../../base/index.ts'

/** Asks; only `y` and `yes` agree. @throws USAGE there is no terminal to ask on */
export async function confirm(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    throw new MillraceError(
      'USAGE',
      `${question} There is no terminal to ask on; give --yes if it is meant`
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
