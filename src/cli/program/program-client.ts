// The declarations of commands that work on any log: profiles, topics, records, groups. Loaded when one is called.
import { Argument, type Command, Option } from 'commander'

import type { GroupResetOptions } from '../commands/group.ts'
import type { ProfileAddOptions } from '../commands/profile.ts'
import type { PrintOptions } from '../commands/topic.ts'
import {
  collect,
  collectNumbers,
  LISTS,
  outputOption,
  PARTITION_MAX,
  type Finish
} from '../options/option-kit.ts'
import type { ListFormat } from '../output/output.ts'
import { addTarget, type TargetOptions } from '../options/target-options.ts'

/** Examples of these commands, printed below their help and in the reference. */
export const CLIENT_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  profile: ['millrace profile list', 'millrace profile switch staging'],
  'profile list': ['millrace profile list', 'millrace profile list -o json'],
  'profile add': [
    'millrace profile add here --data-dir .millrace',
    'millrace profile add local --bootstrap 127.0.0.1:9092 --http http://127.0.0.1:8080',
    'millrace profile add staging --kind kafka --bootstrap broker-1:9093,broker-2:9093 --tls-ca ca.pem ' +
      '--sasl SCRAM-SHA-512 --username app --password-env STAGING_PASSWORD',
    'millrace profile add copy --file staging.json'
  ],
  'profile switch': ['millrace profile switch staging'],
  'profile delete': ['millrace profile delete staging --yes'],
  'profile export': [
    'millrace profile export staging > staging.json',
    'millrace profile export staging --with-secrets -o yaml'
  ],
  group: ['millrace group list', 'millrace group describe report'],
  'group list': ['millrace group list --bootstrap 127.0.0.1:9092'],
  'group describe': ['millrace group describe report -o json'],
  'group delete': ['millrace group delete report --yes'],
  'group reset-offsets': [
    'millrace group reset-offsets report --to beginning',
    'millrace group reset-offsets report --to 1h --topic orders --dry-run'
  ],
  spu: ['millrace spu list'],
  'spu list': ['millrace spu list --profile staging'],
  'spu groups': ['millrace spu groups -o yaml'],
  partition: ['millrace partition list'],
  'partition list': ['millrace partition list orders -o json'],
  completions: [
    'source <(millrace completions bash)',
    'source <(millrace completions zsh)',
    'millrace completions fish > ~/.config/fish/completions/millrace.fish'
  ]
}

/** Adds the commands for groups, nodes and partitions. */
export function addClient(program: Command, finish: Finish): void {
  addGroup(program, finish)
  addSpu(program, finish)
}

const groups = () => import('../commands/group.ts')

function addGroup(program: Command, finish: Finish): void {
  const group = program
    .command('group')
    .summary('look at, delete and move consumer groups')
    .description('Consumer groups of a log: members, positions, lag.')
  addTarget(group.command('list').alias('ls'))
    .description('Lists the groups, with those of dataflows.')
    .addOption(outputOption(LISTS))
    .action(async (options: PrintOptions) => finish(await (await groups()).groupList(options)))
  addTarget(group.command('describe').alias('get'))
    .description('Shows members, positions and lag of a group.')
    .argument('<group>', 'name of the group')
    .addOption(outputOption(LISTS))
    .action(async (name: string, options: PrintOptions) =>
      finish(await (await groups()).groupDescribe(name, options))
    )
  addTarget(group.command('delete').alias('rm'))
    .description('Deletes a group without members, with its positions.')
    .argument('<group>', 'name of the group')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: TargetOptions & { yes?: boolean }) =>
      finish(await (await groups()).groupDelete(name, options))
    )
  addTarget(group.command('reset-offsets'))
    .description('Moves the positions of a group without members.')
    .argument('<group>', 'name of the group')
    .requiredOption(
      '--to <position>',
      'beginning, end, an offset (120), from the end (-5), behind the first (+5), a time ' +
        '(2026-01-31T08:00:00Z), or how long ago (15m)'
    )
    .option(
      '--topic <name>',
      'only in this topic (default: where it has positions); repeatable',
      collect
    )
    .option(
      '-p, --partition <n>',
      'only in this partition; repeatable',
      collectNumbers(0, PARTITION_MAX)
    )
    .option('--dry-run', 'only say what would be done')
    .addOption(outputOption(LISTS))
    .action(async (name: string, options: GroupResetOptions) =>
      finish(await (await groups()).groupResetOffsets(name, options))
    )
}

function addSpu(program: Command, finish: Finish): void {
  const spu = program
    .command('spu')
    .summary('look at the nodes that hold partitions')
    .description('SPUs, streaming processing units: the nodes that hold partitions.')
  addTarget(spu.command('list').alias('ls'))
    .description('Lists the SPUs.')
    .addOption(outputOption(LISTS))
    .action(async (options: PrintOptions) =>
      finish(await (await import('../commands/spu.ts')).spuList(options))
    )
  addTarget(spu.command('groups'))
    .description('Lists the groups of SPUs.')
    .addOption(outputOption(LISTS))
    .action(async (options: PrintOptions) =>
      finish(await (await import('../commands/spu.ts')).spuGroups(options))
    )
  const partition = program
    .command('partition')
    .summary('look at partitions')
    .description('Partitions of topics, with leaders, replicas and offsets.')
  addTarget(partition.command('list').alias('ls'))
    .description('Lists the partitions of all topics, or of one.')
    .argument('[topic]', 'name of the topic')
    .addOption(outputOption(LISTS))
    .action(async (topic: string | undefined, options: PrintOptions) =>
      finish(await (await import('../commands/partition.ts')).partitionList(topic, options))
    )
}

/** Adds the command that prints completions. */
export function addCompletions(program: Command, finish: Finish): void {
  program
    .command('completions')
    .summary('complete commands in a shell')
    .description(
      'Prints a script with which a shell completes commands, options and their choices.'
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') =>
      finish((await import('../commands/completions.ts')).completions(shell, program))
    )
}

/** Adds the commands of profiles. */
export function addProfile(program: Command, finish: Finish): void {
  const profile = program
    .command('profile')
    .summary('where commands work: data directories, servers, clusters')
    .description(
      'Keeps the places that commands work on, by name. One of them is the current one: commands without ' +
        '--profile use it. Secrets are better named by where they stand than written into a profile.'
    )
  profile
    .command('list')
    .alias('ls')
    .description('Lists the profiles, without secrets; * marks the current one.')
    .addOption(outputOption(LISTS))
    .action(async (options: { output: ListFormat }) =>
      finish(await (await import('../commands/profile.ts')).profileList(options))
    )
  addProfileAdd(profile, finish)
  profile
    .command('switch')
    .alias('use')
    .description('Makes a profile the current one.')
    .argument('<profile>', 'name of the profile')
    .action(async (name: string) =>
      finish(await (await import('../commands/profile.ts')).profileSwitch(name))
    )
  profile
    .command('delete')
    .alias('rm')
    .description('Deletes a profile; what it names stays.')
    .argument('<profile>', 'name of the profile')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: { yes?: boolean }) =>
      finish(await (await import('../commands/profile.ts')).profileDelete(name, options))
    )
  profile
    .command('export')
    .description('Prints a profile as `profile add --file` takes it.')
    .argument('[profile]', 'name of the profile (default: the current one)')
    .option('--with-secrets', 'with the text of secrets that are in it')
    .addOption(outputOption(['json', 'yaml']))
    .action(
      async (
        name: string | undefined,
        options: { withSecrets?: boolean; output: 'json' | 'yaml' }
      ) => finish(await (await import('../commands/profile.ts')).profileExport(name, options))
    )
}

function addProfileAdd(profile: Command, finish: Finish): void {
  profile
    .command('add')
    .description(
      'Adds a profile: a data directory of this machine, a server of millrace, or a Kafka cluster. The first one ' +
        'becomes the current one. Passwords on a command line are seen by others: name a variable or a file instead.'
    )
    .argument('<profile>', 'name of the profile')
    .option('--data-dir <dir>', 'an embedded data directory')
    .option('--bootstrap <host:port>', "where Kafka's protocol is spoken; several with commas")
    .addOption(
      new Option('--kind <kind>', 'what is there')
        .choices(['server', 'kafka'])
        .default('server', 'server, of millrace')
    )
    .option('--http <url>', "the server's HTTP API, as in http://127.0.0.1:8080")
    .option('--token <text>', 'bearer token')
    .option('--token-env <name>', 'environment variable with the token')
    .option('--token-file <file>', 'file with the token')
    .option('--tls', 'encrypt, trusting the authorities of Node')
    .option('--tls-ca <file>', 'certificates of the authorities to trust (PEM)')
    .option('--tls-cert <file>', "the client's own certificate (PEM)")
    .option('--tls-key <file>', 'key of the certificate (PEM)')
    .option('--tls-passphrase-env <name>', "environment variable with the key's passphrase")
    .option('--tls-passphrase-file <file>', "file with the key's passphrase")
    .option('--tls-server-name <name>', "name in the server's certificate, if not the host's")
    .option('--no-tls-verify', 'take any certificate: for trials only')
    .addOption(
      new Option('--sasl <mechanism>', 'how the user is known').choices([
        'PLAIN',
        'SCRAM-SHA-256',
        'SCRAM-SHA-512',
        'OAUTHBEARER'
      ])
    )
    .option('--username <name>', 'the user')
    .option('--password <text>', "the user's password")
    .option('--password-env <name>', 'environment variable with the password')
    .option('--password-file <file>', 'file with the password')
    .option('--file <file>', "take the profile from a file that export wrote; '-' is stdin")
    .option('--replace', 'replace a profile of this name')
    .action(async (name: string, options: ProfileAddOptions) =>
      finish(await (await import('../commands/profile.ts')).profileAdd(name, options))
    )
}
