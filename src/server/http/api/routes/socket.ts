// The route of WebSockets as plain HTTP sees it: it asks for an upgrade.
import { HttpError } from '../../errors.ts'
import { API } from '../route.ts'
import type { ApiRoute } from '../route.ts'
import { SOCKET_REQUESTS } from '../socket/messages.ts'

/** The route. */
export const SOCKET_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/socket`,
    id: 'openSocket',
    tag: 'records',
    summary: 'Write and read over a WebSocket',
    description:
      'Asks for an upgrade to a WebSocket; the protocol may be named: `millrace.v1`. Messages are JSON with an `op` ' +
      `and an \`id\`: ${Object.keys(SOCKET_REQUESTS).join(', ')}. Answers have the same id: \`produced\`, ` +
      '`subscribed`, `unsubscribed`, `committed`, or `error` with a `problem`; `records` come as they become ' +
      'durable, with the `position` to go on from. Browsers, which cannot send headers, name the protocol ' +
      '`bearer.TOKEN` beside.',
    answers: { 101: { description: 'Messages go both ways.' } },
    access: 'public',
    handle: () => {
      const message = 'a request without an upgrade; expected a WebSocket'
      throw new HttpError(426, 'UPGRADE_REQUIRED', message, { headers: { upgrade: 'websocket' } })
    }
  }
]
