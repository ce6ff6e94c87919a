// The declarations of commands that work on any log: profiles, topics, records, groups. Loaded when one is called.
import { type Command, Option } from 'commander'

import type { ProfileAddOptions } from './commands/profile.ts'

type Finish = (exitCode: number) => void

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
  ]
}

/** Adds the commands. */
export function addClient(program: Command, finish: Finish): void {
  addProfile(program, finish)
}

function addProfile(program: Command, finish: Finish): void {
  const profile = program
    .command('profile')
    .summary('where commands work: data directories, servers, clusters')
    .description(
      'Keeps the places that commands work on, by name. One of them is the current one: commands without\n' +
        '--profile use it. Secrets are better named by where they stand than written into a profile.'
    )
  profile
    .command('list')
    .alias('ls')
    .description('Lists the profiles, without secrets; * marks the current one.')
    .addOption(output(['table', 'json', 'yaml']))
    .action(async (options: { output: 'table' | 'json' | 'yaml' }) =>
      finish(await (await import('./commands/profile.ts')).profileList(options))
    )
  addProfileAdd(profile, finish)
  profile
    .command('switch')
    .alias('use')
    .description('Makes a profile the current one.')
    .argument('<profile>', 'name of the profile')
    .action(async (name: string) =>
      finish(await (await import('./commands/profile.ts')).profileSwitch(name))
    )
  profile
    .command('delete')
    .alias('rm')
    .description('Deletes a profile; what it names stays.')
    .argument('<profile>', 'name of the profile')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: { yes?: boolean }) =>
      finish(await (await import('./commands/profile.ts')).profileDelete(name, options))
    )
  profile
    .command('export')
    .description('Prints a profile as `profile add --file` takes it.')
    .argument('[profile]', 'name of the profile (default: the current one)')
    .option('--with-secrets', 'with the text of secrets that are in it')
    .addOption(output(['json', 'yaml']))
    .action(
      async (
        name: string | undefined,
        options: { withSecrets?: boolean; output: 'json' | 'yaml' }
      ) => finish(await (await import('./commands/profile.ts')).profileExport(name, options))
    )
}

function addProfileAdd(profile: Command, finish: Finish): void {
  profile
    .command('add')
    .description(
      'Adds a profile: a data directory of this machine, a server of millrace, or a Kafka cluster. The first one\n' +
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
      finish(await (await import('./commands/profile.ts')).profileAdd(name, options))
    )
}

function output(formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print the result')
    .choices(formats)
    .default(formats[0])
}
