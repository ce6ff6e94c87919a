// What goes over a WebSocket, as JSON: requests with an id, answers with the same, and records as they come.
//
//   → {"op":"produce","id":1,"topic":"orders","records":[{"key":"a","value":{"n":1}}]}
//   ← {"op":"produced","id":1,"offsets":[{"partition":0,"offset":7}]}
//   → {"op":"subscribe","id":2,"topics":["orders"],"from":"end"}
//   ← {"op":"subscribed","id":2}
//   ← {"op":"records","id":2,"topic":"orders","records":[…],"position":"0:8"}
//   → {"op":"unsubscribe","id":2}
//   ← {"op":"unsubscribed","id":2}
//   → {"op":"commit","id":3,"group":"g","topic":"orders","position":"0:8"}
//   ← {"op":"committed","id":3}
//   ← {"op":"error","id":3,"problem":{…}}
import { HttpError } from '../../errors.ts'
import { SCHEMAS } from '../schemas.ts'
import { faultOf, named } from '../schema.ts'
import type { Schema } from '../schema.ts'
import type { ValueForm } from '../records/read-options.ts'

/** A request of a caller. */
export type SocketRequest =
  | {
      readonly op: 'produce'
      readonly id: number
      readonly topic: string
      readonly records: readonly unknown[]
    }
  | {
      readonly op: 'subscribe'
      readonly id: number
      readonly topics: readonly string[]
      readonly partitions?: readonly number[]
      readonly from?: string
      /** By topic. */
      readonly positions?: Readonly<Record<string, string>>
      readonly group?: string
      readonly values?: ValueForm
    }
  | { readonly op: 'unsubscribe'; readonly id: number }
  | {
      readonly op: 'commit'
      readonly id: number
      readonly group: string
      readonly topic: string
      readonly position: string
    }

const ID: Schema = { type: 'integer', minimum: 0 }
const TEXT: Schema = { type: 'string', minLength: 1 }

function schemaOf(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[]
): Schema {
  return {
    type: 'object',
    properties: { op: TEXT, id: ID, ...properties },
    required: ['op', 'id', ...required],
    additionalProperties: false
  }
}

/** The requests, by their `op`. */
export const SOCKET_REQUESTS: Readonly<Record<SocketRequest['op'], Schema>> = {
  produce: schemaOf(
    { topic: TEXT, records: { type: 'array', items: named('NewRecord'), maxItems: 100_000 } },
    ['topic', 'records']
  ),
  subscribe: schemaOf(
    {
      topics: { type: 'array', items: TEXT, maxItems: 100 },
      partitions: { type: 'array', items: { type: 'integer', minimum: 0 }, maxItems: 1_024 },
      from: TEXT,
      positions: { type: 'object', additionalProperties: TEXT },
      group: TEXT,
      values: { type: 'string', enum: ['declared', 'json', 'text', 'base64'] }
    },
    ['topics']
  ),
  unsubscribe: schemaOf({}, []),
  commit: schemaOf({ group: TEXT, topic: TEXT, position: TEXT }, ['group', 'topic', 'position'])
}

/** Checks a message. @throws HttpError 400 */
export function readRequest(value: unknown): SocketRequest {
  const op = (value as { readonly op?: unknown } | null)?.op
  if (typeof op !== 'string' || !Object.hasOwn(SOCKET_REQUESTS, op)) {
    const known = Object.keys(SOCKET_REQUESTS).join(', ')
    throw new HttpError(
      400,
      'MESSAGE_INVALID',
      `a message with op ${JSON.stringify(op)}; expected ${known}`
    )
  }
  const schema = SOCKET_REQUESTS[op as SocketRequest['op']]
  const fault = faultOf(schema, value, SCHEMAS, 'the message')
  if (fault !== null) throw new HttpError(400, 'MESSAGE_INVALID', fault)
  return value as SocketRequest
}

/** The id of a message that may be wrong otherwise; null: it has none. */
export function idOf(value: unknown): number | null {
  const id = (value as { readonly id?: unknown } | null)?.id
  return Number.isSafeInteger(id) ? (id as number) : null
}
