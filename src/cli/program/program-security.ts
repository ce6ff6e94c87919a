// The declarations of commands that say who may come in and what they may do.
import { type Command, Option } from 'commander'

import type { SecurityListOptions, SecurityTarget } from '../target/administer.ts'
import type { AclListOptions, AclOptions } from '../commands/acl.ts'
import type { TokenOptions, UserOptions } from '../commands/user.ts'
import { collect, LISTS, outputOption, type Finish } from '../options/option-kit.ts'
import { addTarget } from '../options/target-options.ts'

/** Examples of these commands, printed below their help and in the reference. */
export const SECURITY_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  user: ['millrace user list', 'millrace user add admin --super'],
  'user list': ['millrace user list --data-dir /var/lib/millrace -o json'],
  'user add': [
    'millrace user add admin --super',
    'printf %s "$PASSWORD" | millrace user add app --data-dir /var/lib/millrace',
    'millrace user add app --profile staging',
    'millrace user add app --replace --password-file /run/secrets/app'
  ],
  'user delete': ['millrace user delete app --yes'],
  token: ['millrace token list', 'millrace token create --user app'],
  'token list': ['millrace token list -o json'],
  'token create': [
    'millrace token create --user app',
    'millrace token create --user app --expires 12h --note "nightly report"'
  ],
  'token revoke': ['millrace token revoke 4f1c2a9be07d3358'],
  acl: ['millrace acl list', 'millrace acl create --allow app --operation write --topic orders'],
  'acl list': ['millrace acl list --user app'],
  'acl create': [
    'millrace acl create --allow app --operation read --operation write --topic orders',
    'millrace acl create --allow app --operation read --topic shop. --group shop. --prefix',
    'millrace acl create --deny app --operation all --topic shop.secret',
    'millrace acl create --allow web --operation invoke --function example/greeter'
  ],
  'acl delete': ['millrace acl delete --allow app --operation write --topic orders --yes']
}

/** Adds the commands. */
export function addSecurity(program: Command, finish: Finish): void {
  addUser(program, finish)
  addToken(program, finish)
  addAcl(program, finish)
}

/** Adds what commands that listen are told of TLS and logins; `readSecurityOptions` checks it. */
export function addSecurityOptions(command: Command): Command {
  return command
    .option(
      '--tls-cert <file>',
      'TLS with this certificate and those up to its authority, PEM; read again when it changes'
    )
    .option('--tls-key <file>', 'the key of the certificate, PEM')
    .option(
      '--tls-client-ca <file>',
      "authorities whose certificates log Kafka's clients in (mTLS), PEM"
    )
    .option(
      '--tls-principal <rules>',
      'how subjects of certificates become users, as in "RULE:^CN=([^,]+),.*$/$1/,DEFAULT"'
    )
    .addOption(
      new Option(
        '--auth <mode>',
        'whether callers must log in; auto: once there is a user or a token, and from other machines'
      )
        .choices(['auto', 'required', 'none'])
        .default('auto')
    )
    .option('--super-user <user>', 'a user who may do everything; repeatable', collect)
    .option(
      '--advertise <host:port>',
      "the address that Kafka's clients are told (default: the one by which they came)"
    )
    .option(
      '--session-lifetime <duration>',
      'how long a login by SASL lasts before clients must renew it, as in 1h (default: as long as the connection)'
    )
}

const WHERE =
  'Works on the data directory of a profile, whether a server uses it or not, or on its server, over HTTP; without ' +
  'any profile on .millrace here.'

function addUser(program: Command, finish: Finish): void {
  const user = program
    .command('user')
    .summary('who may log in with a password')
    .description(`Users and their passwords, for SCRAM and PLAIN. ${WHERE}`)
  addTarget(user.command('list').alias('ls'), 'security')
    .description('Lists the users. Passwords are not kept, so there is nothing to show of them.')
    .addOption(outputOption(LISTS))
    .action(async (options: SecurityListOptions) =>
      finish(await (await import('../commands/user.ts')).userList(options))
    )
  addTarget(user.command('add'), 'security')
    .description(
      'Makes a user. The password is asked for on a terminal, and else read from stdin or a file, never from the ' +
        'command line. With the first user everybody has to log in.'
    )
    .argument('<name>', 'name of the user')
    .option('--super', 'may do everything, whatever the access rules say')
    .option('--replace', 'give a user that there is another password')
    .option('--password-file <file>', 'the password is the first line of this file')
    .action(async (name: string, options: UserOptions) =>
      finish(await (await import('../commands/user.ts')).userAdd(name, options))
    )
  addTarget(user.command('delete').alias('rm'), 'security')
    .description('Deletes a user. Connections that were opened with the password end.')
    .argument('<name>', 'name of the user')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: UserOptions) =>
      finish(await (await import('../commands/user.ts')).userDelete(name, options))
    )
}

function addToken(program: Command, finish: Finish): void {
  const token = program
    .command('token')
    .summary('who may use HTTP')
    .description(`Bearer tokens for the HTTP API. ${WHERE}`)
  addTarget(token.command('list').alias('ls'), 'security')
    .description('Lists the tokens, without what they are shown as.')
    .addOption(outputOption(LISTS))
    .action(async (options: SecurityListOptions) =>
      finish(await (await import('../commands/user.ts')).tokenList(options))
    )
  addTarget(token.command('create').alias('add'), 'security')
    .description('Makes a token of 256 random bits and prints it, once: only its SHA-256 is kept.')
    .requiredOption(
      '--user <user>',
      'whom it stands for; there need be no such user with a password'
    )
    .option('--expires <duration>', 'how long it is good, as in 12h or 90d; or never', '90d')
    .option('--note <text>', 'what it is for')
    .addOption(outputOption(LISTS))
    .action(async (options: TokenOptions) =>
      finish(await (await import('../commands/user.ts')).tokenCreate(options))
    )
  addTarget(token.command('revoke').alias('rm'), 'security')
    .description('Ends a token at once.')
    .argument('<id>', 'its id, as token list shows it')
    .action(async (id: string, options: SecurityTarget) =>
      finish(await (await import('../commands/user.ts')).tokenRevoke(id, options))
    )
}

function addAcl(program: Command, finish: Finish): void {
  const acl = program
    .command('acl')
    .summary('who may do what')
    .description(
      'Access rules. What no rule allows is denied, and a denial counts before every permission; super users may do ' +
        `everything. ${WHERE}`
    )
  addTarget(acl.command('list').alias('ls'), 'security')
    .description('Lists the rules.')
    .option('--user <user>', 'only those of a user')
    .addOption(outputOption(LISTS))
    .action(async (options: AclListOptions) =>
      finish(await (await import('../commands/acl.ts')).aclList(options))
    )
  ruleOptions(addTarget(acl.command('create').alias('add'), 'security'))
    .description('Adds a rule for each combination of users, operations and resources.')
    .action(async (options: AclOptions) =>
      finish(await (await import('../commands/acl.ts')).aclCreate(options))
    )
  ruleOptions(addTarget(acl.command('delete').alias('rm'), 'security'))
    .description('Deletes the rules that the same options would create.')
    .option('-y, --yes', 'do not ask')
    .action(async (options: AclOptions) =>
      finish(await (await import('../commands/acl.ts')).aclDelete(options))
    )
}

function ruleOptions(command: Command): Command {
  return command
    .option('--allow <user>', "who may; '*' is everybody; repeatable", collect)
    .option('--deny <user>', 'who may not; repeatable', collect)
    .option(
      '--operation <operation>',
      'read, write, create, delete, alter, describe, invoke, query, … or all; repeatable',
      collect
    )
    .option('--topic <name>', "a topic; '*' is every one; repeatable, as those below", collect)
    .option('--group <name>', 'a consumer group', collect)
    .option('--dataflow <name>', 'a dataflow that is deployed', collect)
    .option('--function <type>', 'a function, as namespace/type', collect)
    .option('--transactional-id <id>', 'an id of transactional producers', collect)
    .option('--cluster', 'the server itself')
    .option('--prefix', 'names stand for all names that begin with them')
    .option('--host <address>', 'only from this address of a client; repeatable', collect)
}
