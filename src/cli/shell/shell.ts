// The interactive shell of a run: reads lines, runs them one after the other, prints what they give.
import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import type { Readable } from 'node:stream'

import { messageOf } from '../../base/index.ts'
import type { Engine } from '../../server/index.ts'
import { note, print } from '../output.ts'
import { SHELL_COMMANDS, runLine } from './commands.ts'

const PROMPT = 'millrace> '

/** How a shell is fed. */
export interface ShellOptions {
  readonly input: Readable
  /** On a terminal: with a prompt, and completion by tab. */
  readonly interactive: boolean
  /** Awaited before each command that comes from a pipe, so that it sees what was asked for before it. */
  settle(): Promise<void>
}

/** Reads commands until `exit`, the end of the input, or `close`. */
export class Shell {
  readonly #engine: Engine
  readonly #lines: Interface
  readonly #options: ShellOptions
  /** Whether a prompt stands there and waits. */
  #isWaiting = false

  constructor(engine: Engine, options: ShellOptions) {
    this.#engine = engine
    this.#options = options
    this.#lines = createInterface({
      input: options.input,
      ...(options.interactive
        ? { output: process.stderr, prompt: PROMPT, completer: complete }
        : {}),
      terminal: options.interactive
    })
    // On a terminal the shell sees Ctrl-C first; it means what it means everywhere: stop.
    this.#lines.on('SIGINT', () => {
      this.#isWaiting = false
      process.stderr.write('\n')
      process.emit('SIGINT')
    })
  }

  /** Resolves when the user leaves. What a command throws is printed, and the shell goes on. */
  async run(): Promise<void> {
    this.#prompt()
    for await (const line of this.#lines) {
      this.#isWaiting = false
      try {
        if (!this.#options.interactive) await this.#options.settle()
        const text = await runLine(this.#engine, line)
        if (text === null) return
        if (text !== '') print(text)
      } catch (error) {
        note(messageOf(error))
      }
      this.#prompt()
    }
  }

  /** Shows a line above the prompt, or none; what the user has typed stays. */
  showStatus(text: string | null): void {
    this.#lines.setPrompt(text === null ? PROMPT : `${text}\n${PROMPT}`)
    if (this.#isWaiting) this.#lines.prompt(true)
  }

  close(): void {
    this.#isWaiting = false
    this.#lines.close()
  }

  #prompt(): void {
    if (!this.#options.interactive) return
    this.#isWaiting = true
    this.#lines.prompt()
  }
}

function complete(line: string): [string[], string] {
  const names = SHELL_COMMANDS.map(command => command.name)
  return [names.filter(name => name.startsWith(line)).map(name => `${name} `), line]
}
