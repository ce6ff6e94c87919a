// The declarations of the developer's commands: test, generate, build. What they do is loaded when one is called.
import type { Command } from 'commander'

import type { BuildOptions } from '../commands/build.ts'
import type { GeneratePackageOptions, GenerateTypesOptions } from '../commands/generate.ts'
import type { TestOptions } from '../commands/test.ts'
import { outputOption, type Finish } from '../options/option-kit.ts'

/** Examples of these commands, printed below their help and in the reference. */
export const KIT_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  test: [
    'millrace test',
    'millrace test dataflow.test.yaml --only "counts words"',
    'millrace test flows/ -o json'
  ],
  generate: ['millrace generate types dataflow.yaml', 'millrace generate functions package.yaml'],
  'generate types': ['millrace generate types dataflow.yaml --out types.ts'],
  'generate functions': ['millrace generate functions package.yaml'],
  'generate package': ['millrace generate package dataflow.yaml words --namespace acme'],
  build: [
    'millrace build',
    'millrace build package.yaml --out dist',
    'millrace build --dev',
    'npm publish ./build'
  ]
}

/** Says whether the sections `dev` count. */
export function addDevOption(command: Command): Command {
  return command.option('--dev', 'take packages and topics from the section dev of each file')
}

/** Adds the commands that help to write dataflows and packages. */
export function addKit(program: Command, finish: Finish): void {
  addTest(program, finish)
  addGenerate(program, finish)
  addBuild(program, finish)
}

function addGenerate(program: Command, finish: Finish): void {
  const generate = program
    .command('generate')
    .summary('write TypeScript from a file')
    .description('Writes TypeScript from what a dataflow or package declares.')
  const file = 'a dataflow or package file, or a folder with one'
  generate
    .command('types')
    .description(
      'Writes the types of a file as a TypeScript module, for functions in files of their own.'
    )
    .argument('[file]', file, '.')
    .option('--out <file>', 'where to write it (default: stdout)')
    .action(async (path: string, options: GenerateTypesOptions) => {
      finish((await import('../commands/generate.ts')).generateTypes(path, options))
    })
  generate
    .command('functions')
    .description(
      'Writes a typed stub for every function that "uses" names in a file beside this one and that is not there, ' +
        'and the types that they need. What is written already stays.'
    )
    .argument('[file]', file, '.')
    .action(async (path: string) => {
      finish((await import('../commands/generate.ts')).generateFunctions(path))
    })
  generate
    .command('package')
    .description(
      'Makes a package of the types, states and inline functions of a dataflow, in a new folder.'
    )
    .argument('<file>', file)
    .argument('<folder>', 'folder to create')
    .option('--name <name>', "the package's name (default: the dataflow's)")
    .option('--namespace <name>', "the package's namespace (default: the dataflow's)")
    .action(async (path: string, folder: string, options: GeneratePackageOptions) => {
      finish((await import('../commands/generate.ts')).generatePackage(path, folder, options))
    })
}

function addBuild(program: Command, finish: Finish): void {
  const command = program
    .command('build')
    .summary('build a dataflow or package to run or publish elsewhere')
    .description(
      'Checks a dataflow or package with its types and writes a folder with all that it takes from here: its file, ' +
        'its modules, also as JavaScript, schema files, packages by path, and a package.json for npm publish. With ' +
        '--dev also the packages that the section dev names: what is built then runs with --dev.'
    )
    .argument('[file]', 'a dataflow or package file, or a folder with one', '.')
  addDevOption(command)
    .option('--out <folder>', 'where to write it (default: build beside the file)')
    .option('--no-types', 'skip the type check of the TypeScript code')
    .action(async (path: string, options: BuildOptions) => {
      finish(await (await import('../commands/build.ts')).build(path, options))
    })
}

function addTest(program: Command, finish: Finish): void {
  const command = program
    .command('test')
    .summary('run the cases of test files')
    .description(
      'Runs the cases of files that end with .test.yaml: records are given, records, states and dead letters are ' +
        'compared. Everything happens in memory on a clock of its own. Exit code 1 says that a case failed.'
    )
    .argument('[paths...]', 'test files, or folders with some below (default: the current folder)')
    .option('--only <text>', 'run the cases with this in their name')
  addDevOption(command)
    .addOption(outputOption(['text', 'json', 'yaml']))
    .action(async (paths: string[], options: TestOptions) => {
      finish(await (await import('../commands/test.ts')).test(paths, options))
    })
}
