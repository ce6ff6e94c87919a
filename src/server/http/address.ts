// Where servers listen: HOST:PORT as the user writes it. Whether that is safe is looked at in `server/security`.
import { MillraceError } from '../../base/index.ts'

/** Where a listener is. */
export interface HttpAddress {
  /** An address of this machine, or the name of one. 0.0.0.0 and :: are all of them. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** What components without a port get when the command line says nothing. */
export const HTTP_ADDRESS_DEFAULT: HttpAddress = { host: '127.0.0.1', port: 8080 }

const LOOPBACK_4 = /^127(\.\d{1,3}){3}$/

/** Reads `HOST:PORT`, `:PORT` or `PORT`; a host of IPv6 stands in brackets. @throws USAGE */
export function readHttpAddress(option: string, text: string): HttpAddress {
  return readAddress(option, text, HTTP_ADDRESS_DEFAULT.port)
}

/** The same for Kafka's clients. @throws USAGE */
export function readListenAddress(option: string, text: string): HttpAddress {
  return readAddress(option, text, 9092)
}

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/

function readAddress(option: string, text: string, portShown: number): HttpAddress {
  const match = /^(?:(\[[^\]]*\]|[^:]*):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  const name = (match?.[1] ?? '').replace(/^\[|\]$/g, '')
  const isBracketed = match?.[1]?.startsWith('[') === true
  const isHost = isBracketed
    ? name.includes(':') && HOST.test(name)
    : name === '' || HOST.test(name)
  if (match === null || port > 65_535 || !isHost) {
    throw new MillraceError(
      'USAGE',
      `${option} ${text}: it takes HOST:PORT, as in ${option} 127.0.0.1:${portShown}; port 0 is any free one`
    )
  }
  return { host: name === '' || name === 'localhost' ? HTTP_ADDRESS_DEFAULT.host : name, port }
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || isLoopback4(host)
}

/** The beginning of URLs of an address. */
export function urlOf({ host, port }: HttpAddress, scheme: 'http' | 'https' = 'http'): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
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
