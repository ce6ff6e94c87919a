// The declarations of all commands: arguments, options, help. What they do is loaded when one is called.
import { Command, Option } from 'commander'

import type { CheckOptions } from '../commands/check.ts'
import type { InitOptions } from '../commands/init.ts'
import type { LogOptions } from '../commands/log.ts'
import type { PlanOptions } from '../commands/plan.ts'
import type { RunOptions } from '../commands/run-options.ts'
import type { StartOptions } from '../commands/start.ts'
import type { SchemaExportOptions, SchemaImportOptions } from '../commands/schema.ts'
import {
  choice,
  collect,
  LISTS,
  outputOption,
  wholeNumber,
  type Finish
} from '../options/option-kit.ts'
import { addClient, addCompletions, addProfile, CLIENT_EXAMPLES } from './program-client.ts'
import { addDeploy, DEPLOY_EXAMPLES } from './program-deploy.ts'
import { addDevOption, addKit, KIT_EXAMPLES } from './program-kit.ts'
import { addRecords, RECORD_EXAMPLES } from './program-records.ts'
import { addSecurity, addSecurityOptions, SECURITY_EXAMPLES } from './program-security.ts'

/** Examples of a command, printed below its help and in the reference. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  millrace: ['millrace init hello', 'millrace run hello', 'millrace check dataflow.yaml'],
  run: [
    'millrace run dataflow.yaml',
    'millrace run . --ephemeral --drain --in sentences=input.txt --out counts=-',
    'millrace run . --in orders=orders.jsonl --in-format json --workers 2',
    'millrace run . --drain --in orders=orders.jsonl --sql "select count(*) from per_user" --sql-format json',
    'cat access.log | millrace run . --drain --in lines=- --out totals=totals.jsonl',
    'millrace run module.yaml --functions functions.ts --map-address kafka:9092=local',
    'millrace run module.yaml --functions functions.ts --http 127.0.0.1:8080',
    'millrace run dataflow.yaml --listen 127.0.0.1:9092'
  ],
  start: [
    'millrace start',
    'millrace start --data-dir /var/lib/millrace --listen 127.0.0.1:19092',
    'millrace start --listen 0.0.0.0:9093 --http 0.0.0.0:8443 --tls-cert server.pem --tls-key server.key'
  ],
  check: [
    'millrace check dataflow.yaml',
    'millrace check flows/ --no-types',
    'millrace check module.yaml --functions functions.ts --map-address kafka:9092=local',
    'millrace check . -o json'
  ],
  plan: [
    'millrace plan dataflow.yaml',
    'millrace plan flows/ --data-dir /var/lib/millrace -o json'
  ],
  convert: ['millrace convert dataflow.yaml > dataflow.ts', 'millrace convert dataflow.ts'],
  ...KIT_EXAMPLES,
  ...DEPLOY_EXAMPLES,
  ...CLIENT_EXAMPLES,
  ...SECURITY_EXAMPLES,
  init: ['millrace init hello', 'millrace init --name my-flow'],
  ...RECORD_EXAMPLES,
  log: ['millrace log verify', 'millrace log repair --data-dir .millrace'],
  schema: ['millrace schema import order.avsc', 'millrace schema check . --data-dir .millrace'],
  'schema import': [
    'millrace schema import order.avsc',
    'millrace schema import shop.proto --message Order --name order'
  ],
  'schema export': [
    'millrace schema export . --type order --format avro',
    'millrace schema export dataflow.yaml --type order --format protobuf'
  ],
  'schema check': ['millrace schema check dataflow.yaml --data-dir .millrace'],
  'log verify': ['millrace log verify --data-dir .millrace'],
  'log repair': ['millrace log repair --data-dir .millrace --yes']
}

/** Builds the program; each command calls `finish` with its exit code. */
export function createProgram(version: string, finish: Finish): Command {
  const program = new Command('millrace')
    .description(
      'Stateful event streaming: a durable log, declarative dataflows, exactly-once state.'
    )
    .version(`millrace ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(the command with --help says what it takes)')
    .exitOverride()
  program.commandsGroup('Dataflows and functions:')
  addInit(program, finish)
  addRun(program, finish)
  addCheck(program, finish)
  addPlan(program, finish)
  addKit(program, finish)
  addConvert(program, finish)
  addSchema(program, finish)
  program.commandsGroup('Servers and what runs there:')
  addStart(program, finish)
  addDeploy(program, finish)
  program.commandsGroup('Topics, records and groups, anywhere:')
  addRecords(program, finish)
  addClient(program, finish)
  program.commandsGroup('Who may do what:')
  addSecurity(program, finish)
  program.commandsGroup('More:')
  addProfile(program, finish)
  addLog(program, finish)
  addCompletions(program, finish)
  addHelp(program, finish)
  for (const command of walk(program)) addExamples(command)
  return program
}

/** `program` and all commands below it, parents first. */
export function walk(program: Command): Command[] {
  return [program, ...program.commands.flatMap(walk)]
}

/** A command's words as the user types them, without `millrace`. */
export function commandPath(command: Command): string {
  const words: string[] = []
  for (let at: Command | null = command; at?.parent; at = at.parent) words.unshift(at.name())
  return words.join(' ')
}

function addHelp(program: Command, finish: Finish): void {
  program
    .command('help')
    .summary('print the help of a command')
    .description('Prints the help of a command.')
    .argument('[words...]', 'the command, as in: millrace help topic create')
    .action(async (words: string[]) =>
      finish((await import('../commands/help.ts')).help(program, words))
    )
}

function addExamples(command: Command): void {
  const examples = EXAMPLES[commandPath(command) || 'millrace'] ?? []
  if (examples.length === 0) return
  command.addHelpText('after', `\nExamples:\n${examples.map(line => `  $ ${line}`).join('\n')}`)
}

function addRun(program: Command, finish: Finish): void {
  const command = program
    .command('run')
    .summary('run dataflows and functions')
    .description(
      'Runs dataflow and module files, or folders with them: creates the topics, feeds input files, processes ' +
        'exactly once. The functions of a module answer over HTTP, or stand in files of --functions.\n' +
        'Without --drain it keeps running and gives a shell on a terminal; Ctrl-C stops it cleanly.'
    )
    .argument(
      '[paths...]',
      'dataflow and module files or folders with them (default: the current folder)'
    )
    .option(
      '--data-dir <dir>',
      'where log and state live (default: .millrace beside the first file)'
    )
    .option('--ephemeral', 'use a temporary data directory and remove it at the end')
  addFeedOptions(command)
    .option(
      '--show <state>',
      'with --drain: print a state at the end, as SERVICE.STATE or NAMESPACE/FUNCTION; repeatable',
      collect
    )
    .option('--dev', 'take packages and topics from the section dev of each file')
    .option('--drain', 'process all input, commit, print a summary and exit')
    .option('--sql <query>', 'with --drain: ask the states in SQL at the end; repeatable', collect)
    .addOption(
      new Option('--sql-format <format>', 'how results of --sql are printed').choices([
        'table',
        'json',
        'csv'
      ])
    )
    .option('--sql-timeout <duration>', 'how long a query of --sql may take (default: 30s)')
    .option(
      '--advance-time <duration>',
      'with --drain and --ephemeral: then let so much time pass at once for delayed messages of functions, ' +
        'as in 15m or 30d'
    )
    .option(
      '--workers <n>',
      'threads for the tasks; 0 runs everything in one thread',
      wholeNumber(0, 64),
      0
    )
    .option(
      '--partitions <n>',
      'partitions of topics that are created (default: one per worker)',
      wholeNumber(1, 1024)
    )
    .option('-e, --env <name=value>', 'a value for ctx.env in functions; repeatable', collect)
  addModuleOptions(command).option('--listen <host:port>', "serve the log to Kafka's clients here")
  addSecurityOptions(command)
    .option('--shell', 'read shell commands from stdin even when it is no terminal')
    .option('-v, --verbose', 'print what functions log at debug level and what the log does')
    .action(async (paths: string[], options: RunOptions) => {
      finish(await (await import('../commands/run.ts')).run(paths, options))
    })
}

/** What a run is told about its inputs and outputs. */
function addFeedOptions(command: Command): Command {
  return command
    .option(
      '--in <topic=file>',
      "feed a file into a topic, one record per line; '-' is stdin; repeatable",
      collect
    )
    .option('--key-separator <text>', 'in a line, what stands before the first of these is the key')
    .addOption(
      choice(
        '--in-format <format>',
        'text, or json: {"key","value","timestamp","headers"} per line',
        ['text', 'json']
      )
    )
    .option(
      '--out <topic=file>',
      "write a topic's records, one per line; '-' is stdout; repeatable",
      collect
    )
    .addOption(
      choice(
        '--out-format <format>',
        'value, or json: {"key","value","timestamp","partition","offset"} per line',
        ['value', 'json']
      )
    )
}

/** What a run is told about its module files. */
function addModuleOptions(command: Command): Command {
  return addFunctionOptions(command).option(
    '--http <host:port>',
    'where HTTP listens (default: 127.0.0.1:8080 when a module needs it)'
  )
}

/** What tells where functions are. */
function addFunctionOptions(command: Command): Command {
  return command
    .option(
      '--functions <file>',
      'a TypeScript file that exports stateful functions; repeatable',
      collect
    )
    .option(
      '--map-address <bootstrap=local>',
      "take the Kafka cluster of a module for the engine's own topics; repeatable",
      collect
    )
    .option(
      '--allow-private',
      'call endpoints in private networks, not only public ones and this machine'
    )
}

function addStart(program: Command, finish: Finish): void {
  const command = dataDir(
    program
      .command('start')
      .summary("serve a data directory to Kafka's clients and over HTTP")
      .description(
        "Serves the log of a data directory to Kafka's clients and over HTTP, and runs what is deployed there.\n" +
          'Makes the directory when it is not there. What is acknowledged is on the disk. Ctrl-C stops it cleanly.'
      )
  )
    .option('--listen <host:port>', "where Kafka's clients come", '127.0.0.1:9092')
    .option('--http <host:port>', "where HTTP listens; 'none' for nowhere", '127.0.0.1:8080')
    .option(
      '--allow-origin <origin>',
      'the origin of web pages that may use the API, as in https://shop.example; repeatable',
      collect
    )
  addSecurityOptions(command)
    .option('-v, --verbose', 'print what the log does')
    .action(async (options: StartOptions) =>
      finish(await (await import('../commands/run.ts')).start(options))
    )
}

function addCheck(program: Command, finish: Finish): void {
  const command = program
    .command('check')
    .summary('check dataflow and module files')
    .description(
      'Compiles dataflow and module files and type-checks the TypeScript in dataflows and in files of --functions, ' +
        'which are loaded. What a run would refuse is told here. Runs and creates nothing.'
    )
    .argument(
      '[paths...]',
      'dataflow and module files or folders with them (default: the current folder)'
    )
  addDevOption(addFunctionOptions(command))
    .option('--no-types', 'skip the type check of the TypeScript code')
    .addOption(outputOption(['text', 'json', 'yaml']))
    .action(async (paths: string[], options: CheckOptions) => {
      finish(await (await import('../commands/check.ts')).check(paths, options))
    })
}

function addPlan(program: Command, finish: Finish): void {
  const command = program
    .command('plan')
    .summary('say what changed files do to a data directory')
    .description(
      'Compares dataflow files with what a data directory holds: which states and topics are kept, migrated, ' +
        'dropped or refused, and from where sources are read. Changes nothing, also while a run has the directory ' +
        'open. Exit code 1 says that a start would refuse.'
    )
    .argument('[paths...]', 'dataflow files or folders with them (default: the current folder)')
    .option('--data-dir <dir>', 'the data directory (default: .millrace beside the first file)')
    .option(
      '--partitions <n>',
      'partitions of topics that would be created (default: 1)',
      wholeNumber(1, 1024)
    )
  addDevOption(command)
    .addOption(outputOption(LISTS))
    .action(async (paths: string[], options: PlanOptions) => {
      finish(await (await import('../commands/plan.ts')).plan(paths, options))
    })
}

function addConvert(program: Command, finish: Finish): void {
  program
    .command('convert')
    .summary('write a dataflow file as TypeScript, or back')
    .description(
      'Prints a dataflow file as code for millrace/dataflow, or the dataflow that a module exports as a file.\n' +
        'Both are the same plan. Functions that need names from around them cannot be written into a file.'
    )
    .argument('<file>', 'a dataflow file, or a module that exports a dataflow')
    .action(async (file: string) => {
      finish((await import('../commands/convert.ts')).convert(file))
    })
}

function addInit(program: Command, finish: Finish): void {
  program
    .command('init')
    .summary('create a starter')
    .description(
      'Creates a folder with a dataflow that runs, its input and a README. Refuses a folder that is not empty.'
    )
    .argument('[dir]', 'folder to create', '.')
    .option('--name <name>', "the dataflow's name (default: the folder's)")
    .action(async (dir: string, options: InitOptions) => {
      finish(await (await import('../commands/init.ts')).init(dir, options))
    })
}

function addLog(program: Command, finish: Finish): void {
  const log = program
    .command('log')
    .summary('verify and repair the log')
    .description('Checks and repairs the files of a data directory that is not in use.')
  dataDir(log.command('verify'))
    .description(
      'Reads every byte of the log and reports damage, with file, offset and checksums. Changes nothing.'
    )
    .addOption(outputOption(['text', 'json', 'yaml']))
    .action(async (options: LogOptions) =>
      finish(await (await import('../commands/log.ts')).logVerify(options))
    )
  dataDir(log.command('repair'))
    .description(
      'Takes what is readable out of damaged files and gives up the rest, saying which records are lost.'
    )
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption(['text', 'json', 'yaml']))
    .action(async (options: LogOptions) =>
      finish(await (await import('../commands/log.ts')).logRepair(options))
    )
}

function addSchema(program: Command, finish: Finish): void {
  const schema = program
    .command('schema')
    .summary('import, export and compare types')
    .description('Types from and to Avro, Protobuf and JSON Schema, and what a changed type means.')
  schema
    .command('import')
    .description('Prints the types of a schema file (.avsc, .proto, .json) as a section `types`.')
    .argument('<file>', 'the schema file')
    .option('--message <name>', 'message of a .proto file (default: the first)')
    .option('--name <name>', 'name of the type (default: as in the schema)')
    .action(async (file: string, options: SchemaImportOptions) =>
      finish((await import('../commands/schema.ts')).schemaImport(file, options))
    )
  schema
    .command('export')
    .description('Prints a type of a dataflow as a schema.')
    .argument('<file>', 'dataflow file, or folder with one')
    .option('--type <name>', 'the type; may be left out where there is one, and for typescript')
    .addOption(
      choice('--format <format>', 'the schema language', [
        'avro',
        'protobuf',
        'json-schema',
        'typescript'
      ])
    )
    .action(async (file: string, options: SchemaExportOptions) =>
      finish((await import('../commands/schema.ts')).schemaExport(file, options))
    )
  dataDir(schema.command('check'))
    .description(
      'Compares the types of a dataflow with those that a data directory was written with. Exits with 1 when what ' +
        'is stored cannot be read any more.'
    )
    .argument('<file>', 'dataflow file, or folder with one')
    .action(async (file: string, options: { readonly dataDir: string }) =>
      finish(await (await import('../commands/schema.ts')).schemaCheck(file, options))
    )
}

function dataDir(command: Command): Command {
  return command.option('--data-dir <dir>', 'the data directory', '.millrace')
}
