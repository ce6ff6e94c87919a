// Where HTTP listens: HOST:PORT as the user writes it, this machine only.
import { MillraceError } from '../../base/index.ts'

/** Where a listener is. */
export interface HttpAddress {
  /** 127.0.0.1, another address of 127.0.0.0/8, or ::1. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** What components without a port get when the command line says nothing. */
export const HTTP_ADDRESS_DEFAULT: HttpAddress = { host: '127.0.0.1', port: 8080 }

const LOOPBACK_4 = /^127(\.\d{1,3}){3}$/

/** Reads `HOST:PORT`, `:PORT` or `PORT`; a host of IPv6 stands in brackets. @throws USAGE */
export function readHttpAddress(option: string, text: string): HttpAddress {
  return readAddress(option, text, {
    port: HTTP_ADDRESS_DEFAULT.port,
    refusal: 'for HTTP; listen on 127.0.0.1 or [::1], and put a proxy with both in front of it'
  })
}

/** The same for Kafka's clients. @throws USAGE */
export function readListenAddress(option: string, text: string): HttpAddress {
  return readAddress(option, text, {
    port: 9092,
    refusal: 'for Kafka clients; listen on 127.0.0.1 or [::1]'
  })
}

interface AddressKind {
  readonly port: number
  /** How the sentence ends that refuses an address of other machines. */
  readonly refusal: string
}

function readAddress(option: string, text: string, kind: AddressKind): HttpAddress {
  const match = /^(?:(\[[^\]]*\]|[^:]*):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535) {
    throw new MillraceError(
      'USAGE',
      `${option} ${text}: it takes HOST:PORT, as in ${option} 127.0.0.1:${kind.port}; port 0 is any free one`
    )
  }
  const name = (match[1] ?? '').replace(/^\[|\]$/g, '')
  const host = name === '' || name === 'localhost' ? HTTP_ADDRESS_DEFAULT.host : name
  if (host === '::1' || isLoopback4(host)) return { host, port }
  throw new MillraceError(
    'USAGE',
    `${option} ${text}: ${host} can be reached from elsewhere, which needs TLS and authentication, and this release ` +
      `has neither ${kind.refusal}`
  )
}

/** The beginning of URLs of an address. */
export function urlOf({ host, port }: HttpAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * Whether a request means this machine: what `Host` and `Origin` name. A page of a browser that reaches us under a
 * name of its own (DNS rebinding), or sends from another site, says so there.
 */
export function isLocalAuthority(authority: string): boolean {
  const host = authority.replace(/:\d{1,5}$/, '').toLowerCase()
  return host === 'localhost' || host === '[::1]' || isLoopback4(host)
}

function isLoopback4(host: string): boolean {
  return LOOPBACK_4.test(host) && host.split('.').every(part => Number(part) <= 255)
}
