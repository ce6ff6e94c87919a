// What whoever starts a server says about who may come in, and whether that is enough for where it listens.
import { MillraceError } from '../../base/index.ts'
import { isLoopback } from '../http/address.ts'
import type { HttpAddress } from '../http/address.ts'
import type { TlsPaths } from './tls-files.ts'

/** Choices of the command line. */
export interface SecuritySettings {
  /** null: no TLS. */
  readonly tls: TlsPaths | null
  /** Kafka's `ssl.principal.mapping.rules`; null: the subject as it is. */
  readonly subjectRules: string | null
  /** `auto`: callers must say who they are once there is a user or a token, and wherever others can come in. */
  readonly auth: 'auto' | 'required' | 'none'
  /** Principals that may do everything. */
  readonly superUsers: readonly string[]
  /** What Kafka's clients are told as the address; null: the one by which they came. */
  readonly advertised: HttpAddress | null
  /** How long logins by SASL last, ms; 0: as long as their connections. */
  readonly sessionLifetimeMs: number
}

/** Nothing was said. */
export const SECURITY_DEFAULT: SecuritySettings = {
  tls: null,
  subjectRules: null,
  auth: 'auto',
  superUsers: [],
  advertised: null,
  sessionLifetimeMs: 0
}

/** Where something is to listen, by which option. */
export interface Listening {
  readonly option: '--listen' | '--http'
  readonly address: HttpAddress
}

/**
 * Refuses what others could reach without TLS, or without saying who they are.
 * @throws USAGE with the options that are missing
 */
export function checkExposure(settings: SecuritySettings, listening: readonly Listening[]): void {
  const exposed = listening.find(({ address }) => !isLoopback(address.host))
  if (exposed === undefined) return
  const { option, address } = exposed
  const place = `${option} ${address.host}:${address.port}`
  const reason = `${place}: it can be reached from elsewhere, which needs TLS and authentication`
  if (settings.tls === null) {
    throw new MillraceError(
      'USAGE',
      `${reason}; give --tls-cert FILE and --tls-key FILE, and make a user before: ` +
        'millrace user add NAME --super --data-dir DIR (or give --tls-client-ca FILE for clients with certificates); ' +
        `or listen on this machine only: ${option} 127.0.0.1:${address.port}`
    )
  }
  if (settings.auth === 'none') {
    throw new MillraceError('USAGE', `${reason}; leave out --auth none, or listen on 127.0.0.1`)
  }
}

/** Whether callers must say who they are whatever the data directory holds. */
export function isAuthRequired(
  settings: SecuritySettings,
  listening: readonly Listening[]
): boolean | null {
  if (settings.auth !== 'auto') return settings.auth === 'required'
  const isExposed = listening.some(({ address }) => !isLoopback(address.host))
  return isExposed || settings.tls?.clientAuthorities ? true : null
}
