// `millrace profile`: the places that commands work on, kept in the user's configuration folder.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'

import { messageOf, MillraceError } from '../../base/index.ts'
import {
  checkAddress,
  describeProfile,
  holdsSecrets,
  readProfile,
  withoutSecrets,
  type KafkaAccess,
  type Profile,
  type Profiles,
  type SaslMechanism,
  type SaslSettings,
  type Secret,
  type TlsSettings
} from '../../client/index.ts'
import { confirm } from '../options/confirm.ts'
import { note, print, printList, serialise, type ListFormat } from '../output/output.ts'
import { systemProfiles } from '../target/target.ts'

/** What the parser gives. */
export interface ProfileAddOptions {
  readonly dataDir?: string
  readonly bootstrap?: string
  readonly kind?: 'server' | 'kafka'
  readonly http?: string
  readonly token?: string
  readonly tokenEnv?: string
  readonly tokenFile?: string
  readonly tls?: boolean
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsPassphraseEnv?: string
  readonly tlsPassphraseFile?: string
  readonly tlsServerName?: string
  /** Commander's form of `--no-tls-verify`: true unless it was given. */
  readonly tlsVerify: boolean
  readonly sasl?: SaslMechanism
  readonly username?: string
  readonly password?: string
  readonly passwordEnv?: string
  readonly passwordFile?: string
  readonly file?: string
  readonly replace?: boolean
}

interface ListOptions {
  readonly output: ListFormat
}

/** Prints all profiles, never with secrets. */
export async function profileList({ output }: ListOptions): Promise<number> {
  const store = await systemProfiles()
  const { current, profiles } = await store.read()
  const entries = [...profiles].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const objects = entries.map(([name, profile]) => {
    return { name, current: name === current, spec: withoutSecrets(profile) }
  })
  await printList(objects, {
    output,
    columns: ['', 'profile', 'kind', 'where'],
    row: ({ name, current: isCurrent, spec }) => [
      isCurrent ? '*' : '',
      name,
      spec.kind,
      describeProfile(spec)
    ],
    none: `No profiles in ${store.path}; commands use the data directory .millrace here.`
  })
  return 0
}

/** Adds a profile from options, or from an exported file. */
export async function profileAdd(name: string, options: ProfileAddOptions): Promise<number> {
  checkTogether(options)
  const profile = options.file === undefined ? fromOptions(options) : await fromFile(options.file)
  const { current } = await (await systemProfiles()).add(name, profile, options.replace === true)
  note(`Added profile ${name}: ${describeProfile(profile)}.`)
  if (current !== name)
    note(`The current one is ${current}; millrace profile switch ${name} changes it.`)
  return 0
}

/** Makes a profile the current one. */
export async function profileSwitch(name: string): Promise<number> {
  const { profiles } = await (await systemProfiles()).switchTo(name)
  note(`Commands use ${name} now: ${describeProfile(profiles.get(name)!)}.`)
  return 0
}

/** Removes a profile, after asking where it holds secrets. */
export async function profileDelete(
  name: string,
  options: { readonly yes?: boolean }
): Promise<number> {
  const store = await systemProfiles()
  const profile = await store.get(name)
  if (holdsSecrets(profile) && options.yes !== true) {
    const question = `Delete profile ${name} with the secrets in it?`
    if (!(await confirm(question))) {
      note('Nothing was deleted.')
      return 1
    }
  }
  const after: Profiles = await store.delete(name)
  note(
    `Deleted profile ${name}.${after.current === null ? ' No profile is the current one now.' : ''}`
  )
  return 0
}

/** Prints a profile as `profile add --file` takes it; secrets only when asked for. */
export async function profileExport(
  name: string | undefined,
  options: { readonly withSecrets?: boolean; readonly output: 'json' | 'yaml' }
): Promise<number> {
  const store = await systemProfiles()
  const { current } = await store.read()
  const chosen = name ?? current
  if (chosen === null) {
    throw usage('no profile is the current one', 'millrace profile export NAME')
  }
  const profile = await store.get(chosen)
  const isWhole = options.withSecrets === true || !holdsSecrets(profile)
  if (!isWhole) note('Left out: the secrets in it; --with-secrets prints them.')
  print(
    await serialise(
      options.withSecrets === true ? profile : withoutSecrets(profile),
      options.output
    )
  )
  return 0
}

async function fromFile(path: string): Promise<Profile> {
  const name = path === '-' ? 'stdin' : path
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = parse(path === '-' ? await textOf(process.stdin) : await readFile(path, 'utf8'))
  } catch (error) {
    throw usage(`${name} cannot be read: ${messageOf(error).split('\n')[0]}`, 'JSON or YAML')
  }
  return readProfile(value, name)
}

/** Options that say the place of a profile: a file and a data directory say all there is to say. @throws USAGE */
function checkTogether(options: ProfileAddOptions): void {
  const { file, dataDir, bootstrap } = options
  const place = file === undefined ? (dataDir === undefined ? null : 'dataDir') : 'file'
  if (place === null) {
    if (bootstrap === undefined) {
      throw usage('a profile needs a place', '--data-dir DIR, or --bootstrap HOST:PORT')
    }
    return
  }
  const { replace: _, kind, tlsVerify, ...others } = options
  const given = Object.keys(others).filter(name => name !== place)
  if (kind === 'kafka') given.push('kind')
  if (!tlsVerify) given.push('noTlsVerify')
  const [more] = given.map(optionName)
  if (more === undefined) return
  throw usage(`${optionName(place)} and ${more} do not go together`, 'one of them')
}

const optionName = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

function fromOptions(options: ProfileAddOptions): Profile {
  const { dataDir, bootstrap } = options
  if (dataDir !== undefined) return { kind: 'embedded', dataDir: resolve(dataDir) }
  const access: KafkaAccess = {
    bootstrap: bootstrap!.split(',').map(text => checkAddress(text.trim(), '--bootstrap')),
    tls: tlsOf(options),
    sasl: saslOf(options)
  }
  const token = secretOf('token', options.token, options.tokenEnv, options.tokenFile)
  if (options.kind === 'kafka') {
    if (options.http !== undefined) throw usage('a Kafka cluster has no --http', '--kind server')
    if (token !== null && options.sasl !== 'OAUTHBEARER') {
      throw usage('a Kafka cluster takes a token by --sasl OAUTHBEARER only', '--kind server')
    }
    return { kind: 'kafka', ...access }
  }
  const isBearer = options.sasl === 'OAUTHBEARER'
  return {
    kind: 'server',
    ...access,
    http: options.http ?? null,
    token: isBearer && options.http === undefined ? null : token
  }
}

function tlsOf(options: ProfileAddOptions): TlsSettings | null {
  const { tlsCa, tlsCert, tlsKey, tlsServerName, tlsVerify } = options
  const passphrase = secretOf(
    'tls-passphrase',
    undefined,
    options.tlsPassphraseEnv,
    options.tlsPassphraseFile
  )
  const named = [tlsCa, tlsCert, tlsKey, tlsServerName].some(each => each !== undefined)
  if (options.tls !== true && !named && passphrase === null && tlsVerify) return null
  return {
    ca: wholePath(tlsCa),
    cert: wholePath(tlsCert),
    key: wholePath(tlsKey),
    passphrase,
    serverName: tlsServerName ?? null,
    verify: tlsVerify
  }
}

function wholePath(path: string | undefined): string | null {
  return path === undefined ? null : resolve(path)
}

function saslOf(options: ProfileAddOptions): SaslSettings | null {
  const { sasl: mechanism, username } = options
  const password = secretOf('password', options.password, options.passwordEnv, options.passwordFile)
  if (mechanism === undefined) {
    if (username === undefined && password === null) return null
    throw usage('a user needs a mechanism', '--sasl PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512')
  }
  const isBearer = mechanism === 'OAUTHBEARER'
  const token = isBearer
    ? secretOf('token', options.token, options.tokenEnv, options.tokenFile)
    : null
  if (isBearer && token === null) throw usage(`${mechanism} needs a token`, '--token-env NAME')
  if (!isBearer && (username === undefined || password === null)) {
    throw usage(`${mechanism} needs a user`, '--username NAME with --password-env NAME')
  }
  return { mechanism, username: username ?? null, password, token }
}

/** At most one of the three; files become absolute. */
function secretOf(
  option: string,
  value: string | undefined,
  env: string | undefined,
  file: string | undefined
): Secret | null {
  const given = [value, env, file].filter(each => each !== undefined)
  if (given.length > 1) {
    throw usage(`${option} is given twice`, `one of --${option}-env and --${option}-file`)
  }
  if (value !== undefined) return { value }
  if (env !== undefined) return { env }
  return file === undefined ? null : { file: resolve(file) }
}

function usage(happened: string, expected: string): MillraceError {
  return new MillraceError(
    'USAGE',
    `${happened}; expected was ${expected}; see millrace help profile add`
  )
}
