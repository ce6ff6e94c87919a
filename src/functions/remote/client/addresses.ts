// Which network addresses an endpoint may have, checked where a connection is made: names may change what they mean.
//
// Public addresses and this machine (127.0.0.0/8, ::1) are allowed. Everything else, private networks and the
// link-local address of cloud metadata among them, only where the run says so.
import { lookup, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { MillraceError } from '../../../base/index.ts'

const LOOPBACK = blockList(['127.0.0.0/8', '::1/128'])
const RESERVED = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  // IPv4 in IPv6: by translation and by tunnel it leads into the networks above.
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8'
])

/** Whether requests may go to an IP address. */
export function isAllowedAddress(address: string, allowPrivate: boolean): boolean {
  if (allowPrivate) return true
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  return LOOPBACK.check(address, family) || !RESERVED.check(address, family)
}

/** @throws ENDPOINT_ADDRESS `host` is an IP address that is not allowed; names are checked when they are resolved */
export function checkHost(host: string, allowPrivate: boolean): void {
  const literal = host.replace(/^\[(.*)\]$/, '$1')
  if (isIP(literal) === 0 || isAllowedAddress(literal, allowPrivate)) return
  throw refused(host, literal)
}

/** Resolves a name to its allowed addresses; fails with ENDPOINT_ADDRESS when it has others only. */
export function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const allowed = addresses.filter(one => isAllowedAddress(one.address, allowPrivate))
      const first: LookupAddress | undefined = allowed[0]
      if (first === undefined) callback(refused(host, addresses[0]?.address ?? ''), '', 0)
      else if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address, bits] = range.split('/') as [string, string]
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}

function refused(host: string, address: string): MillraceError {
  const where = host === address ? `lies at ${address}` : `${host} lies at ${address}`
  return new MillraceError(
    'ENDPOINT_ADDRESS',
    `an endpoint of functions ${where}, in a private network; expected a public address or this machine; ` +
      'run with --allow-private if it is meant',
    { details: { host, address } }
  )
}
