// From JSON of unknown origin to a profile: every field is checked, every unknown one refused.
import { MillraceError } from '../../base/index.ts'
import type {
  KafkaAccess,
  Profile,
  SaslMechanism,
  SaslSettings,
  Secret,
  TlsSettings
} from './profile.ts'

const KINDS = ['embedded', 'server', 'kafka'] as const
const MECHANISMS: readonly SaslMechanism[] = [
  'PLAIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-512',
  'OAUTHBEARER'
]

/**
 * Checks `value` and gives it as a profile; fields that are left out are null.
 * @throws PROFILE_INVALID naming the field
 */
export function readProfile(value: unknown, where: string): Profile {
  const fields = new Fields(value, where)
  const kind = fields.choice('kind', KINDS)
  const profile = read(fields, kind)
  fields.end()
  return profile
}

function read(fields: Fields, kind: (typeof KINDS)[number]): Profile {
  switch (kind) {
    case 'embedded':
      return { kind, dataDir: fields.text('dataDir') }
    case 'kafka':
      return { kind, ...access(fields) }
    case 'server':
      return { kind, ...access(fields), http: url(fields), token: secret(fields, 'token') }
  }
}

function access(fields: Fields): KafkaAccess {
  const bootstrap = fields.list('bootstrap').map(text => checkAddress(text, fields.at('bootstrap')))
  if (bootstrap.length === 0) throw fields.wrong('bootstrap', 'at least one "host:port"')
  return { bootstrap, tls: tls(fields.inner('tls')), sasl: sasl(fields.inner('sasl')) }
}

/** @throws PROFILE_INVALID `text` is not `host:port` */
export function checkAddress(text: string, where: string): string {
  const match = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text)
  const port = Number(match?.[1])
  if (match !== null && port > 0 && port <= 65_535) return text
  throw new MillraceError(
    'PROFILE_INVALID',
    `${where} is ${JSON.stringify(text)}; expected was "host:port" with a port from 1 to 65535, ` +
      'as in broker.example:9092; correct it'
  )
}

function url(fields: Fields): string | null {
  const text = fields.optional('http')
  if (text === null) return null
  const parsed = URL.parse(text)
  const isPlain = parsed !== null && parsed.pathname === '/' && parsed.search === ''
  if (isPlain && /^https?:$/.test(parsed.protocol) && parsed.username === '') return parsed.origin
  throw fields.wrong('http', '"http://host:port" or "https://host:port" without a path')
}

function tls(fields: Fields | null): TlsSettings | null {
  if (fields === null) return null
  const settings: TlsSettings = {
    ca: fields.optional('ca'),
    cert: fields.optional('cert'),
    key: fields.optional('key'),
    passphrase: secret(fields, 'passphrase'),
    serverName: fields.optional('serverName'),
    verify: fields.boolean('verify', true)
  }
  if ((settings.cert === null) !== (settings.key === null)) {
    throw fields.wrong(settings.cert === null ? 'cert' : 'key', 'both "cert" and "key", or neither')
  }
  fields.end()
  return settings
}

function sasl(fields: Fields | null): SaslSettings | null {
  if (fields === null) return null
  const mechanism = fields.choice('mechanism', MECHANISMS)
  const settings: SaslSettings = {
    mechanism,
    username: fields.optional('username'),
    password: secret(fields, 'password'),
    token: secret(fields, 'token')
  }
  fields.end()
  // Secrets may be missing, as in an export without them; whoever connects says so.
  if (mechanism !== 'OAUTHBEARER' && settings.username === null) {
    throw fields.wrong('username', `the name of a user for ${mechanism}`)
  }
  return settings
}

function secret(fields: Fields, name: string): Secret | null {
  const inner = fields.inner(name)
  if (inner === null) return null
  const [kind, ...more] = inner.names()
  if (more.length > 0 || (kind !== 'value' && kind !== 'env' && kind !== 'file')) {
    throw fields.wrong(name, '{"value": …}, {"env": …} or {"file": …}', false)
  }
  const text = inner.text(kind)
  switch (kind) {
    case 'value':
      return { value: text }
    case 'env':
      return { env: text }
    case 'file':
      return { file: text }
  }
}

/** The fields of an object, each asked for once. */
class Fields {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #where: string
  readonly #asked = new Set<string>()

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new MillraceError(
        'PROFILE_INVALID',
        `${where} is no object; expected was one with fields; correct it, or remove and add the profile`
      )
    }
    this.#values = value as Record<string, unknown>
    this.#where = where
  }

  names(): string[] {
    return Object.keys(this.#values)
  }

  at(name: string): string {
    return `${this.#where}.${name}`
  }

  text(name: string): string {
    const text = this.optional(name)
    if (text === null) throw this.wrong(name, 'a text')
    return text
  }

  optional(name: string): string | null {
    const value = this.#take(name) ?? null
    if (value !== null && (typeof value !== 'string' || value === '')) {
      throw this.wrong(name, 'a text that is not empty', false)
    }
    return value
  }

  boolean(name: string, standard: boolean): boolean {
    const value = this.#take(name) ?? standard
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false')
    return value
  }

  list(name: string): string[] {
    const value = this.#take(name) ?? []
    const isTexts = Array.isArray(value) && value.every(each => typeof each === 'string')
    if (!isTexts) throw this.wrong(name, 'a list of texts')
    return value as string[]
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.#take(name)
    if (!choices.includes(value as Choice)) throw this.wrong(name, choices.join(', '))
    return value as Choice
  }

  inner(name: string): Fields | null {
    const value = this.#take(name) ?? null
    return value === null ? null : new Fields(value, this.at(name))
  }

  /** @throws PROFILE_INVALID a field was not asked for */
  end(): void {
    const unknown = this.names().find(name => !this.#asked.has(name))
    if (unknown === undefined) return
    throw new MillraceError(
      'PROFILE_INVALID',
      `${this.at(unknown)} is unknown; expected were ${[...this.#asked].join(', ')}; correct it`
    )
  }

  /** `isShown` false: what may be a secret stays out of the sentence. */
  wrong(name: string, expected: string, isShown = true): MillraceError {
    const value = this.#values[name]
    const found = isShown ? ` is ${JSON.stringify(value) ?? 'missing'}` : ' is something else'
    return new MillraceError(
      'PROFILE_INVALID',
      `${this.at(name)}${found}; expected was ${expected}; correct it, or remove and add the profile`
    )
  }

  #take(name: string): unknown {
    this.#asked.add(name)
    return this.#values[name]
  }
}
