// `millrace help`: the help of a command, named by its words.
import type { Command } from 'commander'

import { MillraceError } from '../../base/index.ts'
import { nearestWord } from '../../dataflow/index.ts'

/** Prints the help of the command that `words` lead to. @throws USAGE there is none */
export function help(program: Command, words: readonly string[]): number {
  let command = program
  for (const [index, word] of words.entries()) {
    const named = command.commands.find(
      each => each.name() === word || each.aliases().includes(word)
    )
    if (named === undefined) throw unknownCommand(command, words.slice(0, index), word)
    command = named
  }
  command.outputHelp()
  return 0
}

function unknownCommand(parent: Command, before: readonly string[], word: string): MillraceError {
  const names = parent.commands.map(each => each.name())
  const nearest = nearestWord(word, names)
  const hint =
    nearest !== null
      ? `did you mean ${[...before, nearest].join(' ')}?`
      : names.length === 0
        ? `${before.join(' ')} has no commands below it`
        : `expected one of ${names.join(', ')}`
  return new MillraceError('USAGE', `there is no command ${[...before, word].join(' ')}; ${hint}`)
}
