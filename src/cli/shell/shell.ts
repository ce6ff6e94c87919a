// The interactive shell of a run: reads lines, runs them one after the other, prints what they give.
import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import type { Readable } from 'node:stream'

import { messageOf } from '../../base/index.ts'
import type { Engine } from '../../server/index.ts'
import { note, print } from '../output/output.ts'
import { SHELL_COMMANDS, runLine } from './commands.ts'
import { runSql } from './sql.ts'

const PROMPT = 'millrace> '
const SQL_PROMPT = 'sql> '
const SQL_HELP = `A select, with or values statement over the tables, over several lines if need be, up to a ;
show tables  the tables and their columns
-o json|csv|table, before a statement: how it is printed
help         this text
exit         back to the shell`

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
  /** Lines of a statement of `sql` so far; null outside of it. */
  #statement: string[] | null = null

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
        const text = await this.#run(line)
        if (text === null) return
        if (text !== '') print(text)
      } catch (error) {
        note(messageOf(error))
      }
      this.#prompt()
    }
    await this.#runLast()
  }

  /** A statement that the end of the input ends. */
  async #runLast(): Promise<void> {
    const text = (this.#statement ?? []).join('\n').trim()
    if (text === '') return
    try {
      print(await runSql(this.#engine, text))
    } catch (error) {
      note(messageOf(error))
    }
  }

  async #run(line: string): Promise<string | null> {
    const words = line.trim()
    if (this.#statement === null) {
      if (words !== 'sql') return runLine(this.#engine, line)
      this.#statement = []
      return this.#options.interactive ? 'exit leaves, help tells more' : ''
    }
    if (this.#statement.length === 0) {
      const word = words.replace(/^\./, '').replace(/;$/, '')
      if (word === '') return ''
      if (word === 'help') return SQL_HELP
      if (word === 'exit' || word === 'quit') {
        this.#statement = null
        return ''
      }
    }
    if (words !== '') this.#statement.push(line)
    const isShow = /^show\s+tables$/i.test(words)
    if (words !== '' && !words.endsWith(';') && !isShow) return ''
    const text = this.#statement.join('\n')
    this.#statement = []
    return runSql(this.#engine, text.trim())
  }

  /** Shows a line above the prompt, or none; what the user has typed stays. */
  showStatus(text: string | null): void {
    const prompt = this.#promptText()
    this.#lines.setPrompt(text === null ? prompt : `${text}\n${prompt}`)
    if (this.#isWaiting) this.#lines.prompt(true)
  }

  close(): void {
    this.#isWaiting = false
    this.#lines.close()
  }

  #prompt(): void {
    if (!this.#options.interactive) return
    this.#isWaiting = true
    this.#lines.setPrompt(this.#promptText())
    this.#lines.prompt()
  }

  #promptText(): string {
    if (this.#statement === null) return PROMPT
    return this.#statement.length === 0 ? SQL_PROMPT : '...> '
  }
}

function complete(line: string): [string[], string] {
  const names = SHELL_COMMANDS.map(command => command.name)
  return [names.filter(name => name.startsWith(line)).map(name => `${name} `), line]
}
