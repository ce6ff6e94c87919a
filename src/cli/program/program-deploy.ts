// The declarations of commands for deployments: what runs inside a server. What they do is loaded when one is called.
import { type Command, Option } from 'commander'

import type { ServerOptions } from '../target/api-client.ts'
import type { DeleteOptions } from '../commands/delete.ts'
import type { DeployOptions } from '../commands/deploy.ts'
import type { ListOptions } from '../commands/list.ts'
import type { LogsOptions } from '../commands/logs.ts'
import { collect, LISTS, outputOption, wholeNumber, type Finish } from '../options/option-kit.ts'
import { addDevOption } from './program-kit.ts'
import { addTarget } from '../options/target-options.ts'

/** Examples of these commands, printed below their help and in the reference. */
export const DEPLOY_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  deploy: [
    'millrace deploy dataflow.yaml',
    'millrace deploy module.yaml --functions functions.ts --name shop',
    'millrace deploy flows/ --name flows --server http://127.0.0.1:8080',
    'millrace deploy dataflow.yaml --dry-run'
  ],
  list: ['millrace list', 'millrace list -o json'],
  stop: ['millrace stop word-count'],
  restart: ['millrace restart word-count'],
  delete: ['millrace delete word-count', 'millrace delete word-count --keep-state --yes'],
  logs: ['millrace logs word-count', 'millrace logs word-count -f']
}

/** Adds the commands. */
export function addDeploy(program: Command, finish: Finish): void {
  addDeployCommand(program, finish)
  addServer(program.command('list').alias('ls').summary('list the deployments of a server'))
    .description('Lists what is deployed on a server, and whether it runs.')
    .addOption(outputOption(LISTS))
    .action(async (options: ListOptions) =>
      finish(await (await import('../commands/list.ts')).list(options))
    )
  addServer(program.command('stop').summary('stop a deployment'))
    .description(
      'Stops a deployment: what it has begun is committed, what it has not stays in its topics. It stays stopped ' +
        'when the server starts again.'
    )
    .argument('<name>', 'name of the deployment')
    .action(async (name: string, options: ServerOptions) =>
      finish(await (await import('../commands/stop.ts')).stop(name, options))
    )
  addServer(program.command('restart').summary('restart a deployment'))
    .description(
      'Ends the tasks of a deployment and starts them again; also of one that was stopped or failed.'
    )
    .argument('<name>', 'name of the deployment')
    .action(async (name: string, options: ServerOptions) =>
      finish(await (await import('../commands/restart.ts')).restart(name, options))
    )
  addDelete(program, finish)
  addServer(program.command('logs').summary('what a deployment says'))
    .description('Prints the newest lines that a deployment logged, oldest first.')
    .argument('<name>', 'name of the deployment')
    .option('-f, --follow', 'go on with new lines')
    .option('-n, --lines <count>', 'how many of the newest', wholeNumber(0, 10_000), 100)
    .option('-v, --verbose', 'lines at debug level too')
    .addOption(outputOption(['text', 'json']))
    .action(async (name: string, options: LogsOptions) =>
      finish(await (await import('../commands/logs.ts')).logs(name, options))
    )
}

function addDeployCommand(program: Command, finish: Finish): void {
  const command = program
    .command('deploy')
    .summary('run dataflows and modules inside a server')
    .description(
      'Sends dataflow and module files to a server that millrace start runs, with the code, schemas and packages ' +
        'that they need. They run there, also after its restarts. The same name again replaces what runs: the old ' +
        'version commits what it has begun, the new one goes on from there.'
    )
    .argument(
      '[paths...]',
      'dataflow and module files or folders with them (default: the current folder)'
    )
    .option('--name <name>', "the deployment's name (default: that of the dataflow or application)")
    .option(
      '--functions <file>',
      'a TypeScript file that exports stateful functions; repeatable',
      collect
    )
    .option('--include <path>', 'a further file or folder that the code reads; repeatable', collect)
    .option(
      '--map-address <bootstrap=local>',
      "take the Kafka cluster of a module for the server's own topics; repeatable",
      collect
    )
    .option(
      '--allow-private',
      'call endpoints in private networks, not only public ones and this machine'
    )
    .option('-e, --env <name=value>', 'a value for ctx.env in functions; repeatable', collect)
    .option(
      '--workers <n>',
      "threads for the tasks of each dataflow; 0 is the server's own",
      wholeNumber(0, 64),
      1
    )
    .option(
      '--partitions <n>',
      'partitions of topics that are created (default: one per worker)',
      wholeNumber(1, 1024)
    )
    .option('--dry-run', 'only check')
  addDevOption(command)
  addServer(command)
    .addOption(outputOption(['text', 'json', 'yaml']))
    .action(async (paths: string[], options: DeployOptions) =>
      finish(await (await import('../commands/deploy.ts')).deploy(paths, options))
    )
}

function addDelete(program: Command, finish: Finish): void {
  addServer(program.command('delete').alias('rm').summary('delete a deployment'))
    .description(
      'Deletes a deployment with its states, timers and positions, after asking. Topics with records stay.'
    )
    .argument('<name>', 'name of the deployment')
    .option(
      '--keep-state',
      'keep states and positions for a later deployment of the same dataflows'
    )
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: DeleteOptions) =>
      finish(await (await import('../commands/delete.ts')).deleteDeployment(name, options))
    )
}

/** Adds how a server is found. */
function addServer(command: Command): Command {
  const option = new Option(
    '--server <url>',
    "the server's HTTP address, instead of a profile (default: http://127.0.0.1:8080)"
  )
  return addTarget(command, 'server').addOption(option.conflicts(['profile', 'bootstrap']))
}
