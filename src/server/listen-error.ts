// Why an address cannot be listened on, as a sentence.
import { MillraceError, messageOf } from '../base/index.ts'
import type { HttpAddress } from './http/index.ts'

/** The error of an address that the system refused. `option` is the one that names another. */
export function unusable(option: string, { host, port }: HttpAddress, error: unknown): unknown {
  const { code } = error as { readonly code?: unknown }
  if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') return error
  const reason =
    code === 'EADDRINUSE' ? 'another process listens there' : messageOf(error).toLowerCase()
  return new MillraceError(
    'LISTEN_ADDRESS',
    `${option} ${host}:${port} cannot be used: ${reason}; ` +
      `name another port, or 0 for any free one, as in ${option} 127.0.0.1:0`,
    { cause: error }
  )
}
