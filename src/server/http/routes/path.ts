// The words of a request's path, decoded once and strictly.
import { HttpError } from '../errors.ts'
import type { Connected } from '../exchange.ts'

/** What stands between the slashes. @throws 400 a word is no percent-encoded UTF-8 */
export function pathWords({ env }: Connected): string[] {
  const [path = ''] = (env.incoming.url ?? '').replace(/^https?:\/\/[^/?#]*/, '').split(/[?#]/, 1)
  return path
    .slice(1)
    .split('/')
    .map(word => {
      try {
        return decodeURIComponent(word)
      } catch {
        const message = `the path holds ${word}; expected percent-encoded UTF-8`
        throw new HttpError(400, 'PATH_ENCODING', message)
      }
    })
}
