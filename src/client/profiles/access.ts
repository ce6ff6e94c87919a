// From a profile to what sockets take: certificates read, secrets looked up. Nothing here is printed.
import { messageOf, MillraceError, type Disk } from '../../base/index.ts'
import type {
  KafkaAccess,
  Profile,
  SaslMechanism,
  SaslSettings,
  Secret,
  TlsSettings
} from './profile.ts'
import { secretText, type SecretSources } from './secret.ts'

/** TLS as `node:tls`, `node:https` and undici take it. */
export interface TlsAccess {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized: boolean
  readonly minVersion: 'TLSv1.2'
}

/** Names and passwords, as text. */
export interface SaslAccess {
  readonly mechanism: SaslMechanism
  readonly username?: string
  readonly password?: string
  readonly token?: string
}

/** How to reach the HTTP API of a server. */
export interface HttpAccess {
  /** Origin without a slash at its end, as in `https://log.example:8080`. */
  readonly url: string
  /** For the header `Authorization: Bearer …`. */
  readonly token: string | null
  /** null: what Node does by itself. */
  readonly tls: TlsAccess | null
}

const KINDS: Readonly<Record<Profile['kind'], string>> = {
  embedded: 'a data directory of this machine',
  kafka: 'a Kafka cluster',
  server: 'a server without an HTTP address'
}

/**
 * How to reach the HTTP API that a profile names.
 * @throws PROFILE_KIND the profile has none · PROFILE_SECRET a secret or certificate is not there
 */
export async function httpAccess(profile: Profile, sources: SecretSources): Promise<HttpAccess> {
  if (profile.kind !== 'server' || profile.http === null) {
    throw new MillraceError(
      'PROFILE_KIND',
      `this needs the HTTP API of a millrace server, and the profile is ${KINDS[profile.kind]}; expected was a ` +
        'server with "http"; name another profile, or add it: ' +
        'millrace profile add NAME --bootstrap HOST:PORT --http http://HOST:PORT'
    )
  }
  const { token, tls } = profile
  return {
    url: profile.http,
    token: token === null ? null : await secretText(token, "the profile's token", sources),
    tls: tls === null ? null : await tlsAccess(tls, sources)
  }
}

/** Who and how, for Kafka's protocol. @throws PROFILE_SECRET */
export async function kafkaAccess(
  { tls, sasl }: KafkaAccess,
  sources: SecretSources
): Promise<{ readonly tls: TlsAccess | null; readonly sasl: SaslAccess | null }> {
  return {
    tls: tls === null ? null : await tlsAccess(tls, sources),
    sasl: sasl === null ? null : await saslAccess(sasl, sources)
  }
}

async function tlsAccess(settings: TlsSettings, sources: SecretSources): Promise<TlsAccess> {
  const { disk } = sources
  const { ca, cert, key, passphrase, serverName, verify } = settings
  return {
    ...(ca === null ? {} : { ca: await textOf(disk, ca, 'ca') }),
    ...(cert === null ? {} : { cert: await textOf(disk, cert, 'cert') }),
    ...(key === null ? {} : { key: await textOf(disk, key, 'key') }),
    ...(passphrase === null
      ? {}
      : { passphrase: await secretText(passphrase, 'the passphrase of the key', sources) }),
    ...(serverName === null ? {} : { servername: serverName }),
    rejectUnauthorized: verify,
    minVersion: 'TLSv1.2'
  }
}

async function saslAccess(settings: SaslSettings, sources: SecretSources): Promise<SaslAccess> {
  const { mechanism, username, password, token } = settings
  const needed = mechanism === 'OAUTHBEARER' ? token : password
  const what = mechanism === 'OAUTHBEARER' ? 'the token' : `the password of ${username}`
  const text = await secretText(given(needed, what), what, sources)
  if (mechanism === 'OAUTHBEARER') return { mechanism, token: text }
  return { mechanism, ...(username === null ? {} : { username }), password: text }
}

function given(secret: Secret | null, what: string): Secret {
  if (secret !== null) return secret
  throw new MillraceError(
    'PROFILE_SECRET',
    `${what} is not in the profile; expected was its text or where it stands; ` +
      'add the profile again with --password-env, --password-file or --token-env (--replace)'
  )
}

async function textOf(disk: Disk, path: string, field: 'ca' | 'cert' | 'key'): Promise<string> {
  try {
    return new TextDecoder().decode(await disk.readFile(path))
  } catch (error) {
    throw new MillraceError(
      'PROFILE_SECRET',
      `the file ${path} of the profile's tls.${field} cannot be read (${messageOf(error)}); expected was a PEM file; ` +
        'make it readable, or change the profile',
      { cause: error }
    )
  }
}
