// Whether this process answers.
import { send } from '../exchange.ts'
import type { HttpApp, ShortWay } from '../mount.ts'

/** `GET /_millrace/health`: 200 as long as requests are taken. */
export function addHealth(app: HttpApp): readonly ShortWay[] {
  app.get('/_millrace/health', exchange =>
    send(exchange, 200, { 'content-type': 'application/json' }, '{"status":"running"}\n')
  )
  return []
}
