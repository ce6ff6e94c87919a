// Whether this process answers.
import { send } from '../exchange.ts'
import type { HttpApp } from '../listen.ts'

/** `GET /_millrace/health`: 200 as long as requests are taken. */
export function addHealth(app: HttpApp): void {
  app.get('/_millrace/health', exchange =>
    send(exchange, 200, { 'content-type': 'application/json' }, '{"status":"running"}\n')
  )
}
