// Options of commands that listen, checked: TLS, who may come in, what clients are told.
import { resolve } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import { parseDuration } from '../../dataflow/index.ts'
import { readListenAddress } from '../../server/index.ts'
import type { SecuritySettings } from '../../server/index.ts'
import { principalArgument } from './principal.ts'

/** What `addSecurityOptions` adds, as the parser gives it. */
export interface SecurityOptions {
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsClientCa?: string
  readonly tlsPrincipal?: string
  readonly auth?: SecuritySettings['auth']
  readonly superUser?: readonly string[]
  readonly advertise?: string
  readonly sessionLifetime?: string
}

/** Checks the options that `addSecurityOptions` added. @throws USAGE */
export function readSecurityOptions(options: SecurityOptions): SecuritySettings {
  const { tlsCert, tlsKey, tlsClientCa, tlsPrincipal, advertise, sessionLifetime } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const missing = tlsCert === undefined ? '--tls-cert' : '--tls-key'
    throw new MillraceError(
      'USAGE',
      `TLS takes a certificate and its key; ${missing} is missing; give both --tls-cert FILE and --tls-key FILE`
    )
  }
  if (tlsCert === undefined && tlsClientCa !== undefined) {
    throw needsTls('--tls-client-ca')
  }
  if (tlsClientCa === undefined && tlsPrincipal !== undefined) {
    throw new MillraceError(
      'USAGE',
      '--tls-principal is for certificates of clients, and none is asked for; give --tls-client-ca FILE too'
    )
  }
  return {
    tls:
      tlsCert === undefined || tlsKey === undefined
        ? null
        : {
            certificate: resolve(tlsCert),
            key: resolve(tlsKey),
            clientAuthorities: tlsClientCa === undefined ? null : resolve(tlsClientCa)
          },
    subjectRules: tlsPrincipal ?? null,
    auth: options.auth ?? 'auto',
    superUsers: (options.superUser ?? []).map(text => principalArgument('--super-user', text)),
    advertised: advertise === undefined ? null : readListenAddress('--advertise', advertise),
    sessionLifetimeMs: sessionLifetime === undefined ? 0 : readLifetime(sessionLifetime)
  }
}

function needsTls(option: string): MillraceError {
  return new MillraceError(
    'USAGE',
    `${option} needs TLS; give --tls-cert FILE and --tls-key FILE too`
  )
}

const LIFETIME_MS_MIN = 60_000
const LIFETIME_MS_MAX = 2 ** 31 - 1

function readLifetime(text: string): number {
  const ms = parseDuration(text)
  if (ms !== null && ms >= LIFETIME_MS_MIN && ms <= LIFETIME_MS_MAX) return ms
  throw new MillraceError(
    'USAGE',
    `--session-lifetime ${text}: it takes a duration from 1m to 24d, as in --session-lifetime 1h`
  )
}
