// The declarations of the developer's commands: test. What they do is loaded when one is called.
import { type Command, Option } from 'commander'

import type { TestOptions } from './commands/test.ts'

type Finish = (exitCode: number) => void

/** Examples of these commands, printed below their help and in the reference. */
export const KIT_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  test: [
    'millrace test',
    'millrace test dataflow.test.yaml --only "counts words"',
    'millrace test flows/ -o json'
  ]
}

/** Says whether the sections `dev` count. */
export function addDevOption(command: Command): Command {
  return command.option('--dev', 'take packages and topics from the section dev of each file')
}

/** Adds the commands that help to write dataflows and packages. */
export function addKit(program: Command, finish: Finish): void {
  addTest(program, finish)
}

function addTest(program: Command, finish: Finish): void {
  const command = program
    .command('test')
    .summary('run the cases of test files')
    .description(
      'Runs the cases of files that end with .test.yaml: records are given, records, states and dead letters are\n' +
        'compared. Everything happens in memory on a clock of its own. Exit code 1 says that a case failed.'
    )
    .argument('[paths...]', 'test files, or folders with some below (default: the current folder)')
    .option('--only <text>', 'run the cases with this in their name')
  addDevOption(command)
    .addOption(output())
    .action(async (paths: string[], options: TestOptions) => {
      finish(await (await import('./commands/test.ts')).test(paths, options))
    })
}

function output(): Option {
  return new Option('-o, --output <format>', 'how to print the result')
    .choices(['text', 'json', 'yaml'])
    .default('text')
}
