// What a profile says: where a log is and how to get in. Data only; secrets are given, or named by where they stand.
//
//   R1  A profile is written as it is read: what `readProfile` takes, JSON gives back.
//   R2  A secret's own text is in a profile only where the user put it there; `withoutSecrets` takes it out.

/** A secret: its text, or the environment variable or file that has it when it is needed. */
export type Secret =
  | { readonly value: string }
  | { readonly env: string }
  /** The file's text without line ends at its end. */
  | { readonly file: string }

/** How to trust a server, and how to be trusted. Paths are absolute, files are PEM. */
export interface TlsSettings {
  /** Certificates of authorities; null: those of Node. */
  readonly ca: string | null
  /** The client's own certificate (mTLS), with its key. */
  readonly cert: string | null
  readonly key: string | null
  readonly passphrase: Secret | null
  /** Name that the server's certificate must have; null: the host that is connected to. */
  readonly serverName: string | null
  /** false takes any certificate: for trials only. */
  readonly verify: boolean
}

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'

/** Who is asking. `OAUTHBEARER` takes a token, the others take user and password. */
export interface SaslSettings {
  readonly mechanism: SaslMechanism
  readonly username: string | null
  readonly password: Secret | null
  readonly token: Secret | null
}

/** A data directory of this machine, which the program opens itself. */
export interface EmbeddedProfile {
  readonly kind: 'embedded'
  /** Absolute, or relative to the working directory. */
  readonly dataDir: string
}

/** What servers of Kafka's protocol have in common. */
export interface KafkaAccess {
  /** `host:port` of one or more brokers, to begin with. */
  readonly bootstrap: readonly string[]
  /** null: not encrypted. */
  readonly tls: TlsSettings | null
  /** null: nobody is asked for a name. */
  readonly sasl: SaslSettings | null
}

/** A server that `millrace start` runs: Kafka's protocol, and an HTTP API beside it. */
export interface ServerProfile extends KafkaAccess {
  readonly kind: 'server'
  /** `http://` or `https://`, without a path; null where no HTTP is wanted. TLS settings are those above. */
  readonly http: string | null
  /** Bearer token of the HTTP API. */
  readonly token: Secret | null
}

/** A cluster of Apache Kafka, or of what speaks its protocol. */
export interface KafkaProfile extends KafkaAccess {
  readonly kind: 'kafka'
}

export type Profile = EmbeddedProfile | ServerProfile | KafkaProfile

/** The same profile without the text of secrets; where they stand elsewhere, that is kept. */
export function withoutSecrets(profile: Profile): Profile {
  if (profile.kind === 'embedded') return profile
  const { tls, sasl } = profile
  const access = {
    tls: tls === null ? null : { ...tls, passphrase: hidden(tls.passphrase) },
    sasl:
      sasl === null ? null : { ...sasl, password: hidden(sasl.password), token: hidden(sasl.token) }
  }
  return profile.kind === 'kafka'
    ? { ...profile, ...access }
    : { ...profile, ...access, token: hidden(profile.token) }
}

/** Whether a profile holds the text of a secret itself. */
export function holdsSecrets(profile: Profile): boolean {
  return JSON.stringify(profile) !== JSON.stringify(withoutSecrets(profile))
}

/** Where a profile leads, in one line for people: no secrets in it. */
export function describeProfile(profile: Profile): string {
  if (profile.kind === 'embedded') return profile.dataDir
  const parts = [profile.bootstrap.join(',')]
  if (profile.kind === 'server' && profile.http !== null) parts.push(profile.http)
  if (profile.tls !== null) parts.push(profile.tls.cert === null ? 'TLS' : 'mTLS')
  if (profile.sasl !== null) {
    const { mechanism, username } = profile.sasl
    parts.push(username === null ? mechanism : `${mechanism} as ${username}`)
  }
  return parts.join(', ')
}

/** A secret whose text is not shown: `null` stands for none, and for one that was taken out. */
function hidden(secret: Secret | null): Secret | null {
  return secret !== null && 'value' in secret ? null : secret
}
