// What a listener that speaks TLS is set up with: keys and certificates, and where they come from.
import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/** Keys and certificates of a listener. `current` may change at any time; `onChange` tells of it. */
export interface TlsSource {
  readonly current: TlsMaterial
  /** Calls `action` when `current` has changed; gives what ends that. */
  onChange(action: () => void): () => void
}

/** PEM texts. */
export interface TlsMaterial {
  readonly key: string
  /** The certificate, with those between it and the authority. */
  readonly certificate: string
  /** Authorities whose certificates say who a client is; null: clients are not asked for certificates. */
  readonly clientAuthorities: string | null
}

/** Options of `node:tls` and `node:https` for a material: TLS 1.2 and later. */
export function secureOptions({
  key,
  certificate,
  clientAuthorities
}: TlsMaterial): SecureContextOptions & {
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
} {
  return {
    key,
    cert: certificate,
    // Sessions are not resumed where certificates name clients: one would outlive its authority.
    ...(clientAuthorities === null
      ? {}
      : { ca: clientAuthorities, secureOptions: constants.SSL_OP_NO_TICKET }),
    minVersion: 'TLSv1.2',
    requestCert: clientAuthorities !== null,
    // Who has none may log in otherwise: certificates are looked at when there is one.
    rejectUnauthorized: false
  }
}
