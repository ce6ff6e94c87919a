// A record's own key on its way to another task: a scalar of any type as JSON.
import { unreachable } from '../../base/index.ts'

/** A key with a letter for its type: text, number, boolean, bigint, bytes (base64); null for none. */
export type TravellingKey =
  | null
  | readonly ['s', string]
  | readonly ['n', number]
  | readonly ['b', boolean]
  | readonly ['i', string]
  | readonly ['x', string]

/** The form in which `key` travels. Anything that is no scalar becomes its text: no sink takes it as a key. */
export function packKey(key: unknown): TravellingKey {
  if (key === null || key === undefined) return null
  if (typeof key === 'string') return ['s', key]
  if (typeof key === 'number') return ['n', key]
  if (typeof key === 'boolean') return ['b', key]
  if (typeof key === 'bigint') return ['i', String(key)]
  if (key instanceof Uint8Array) return ['x', Buffer.from(key).toString('base64')]
  return ['s', String(key)]
}

/** What {@link packKey} was given. */
export function unpackKey(packed: TravellingKey): unknown {
  if (packed === null) return null
  switch (packed[0]) {
    case 's':
    case 'n':
    case 'b':
      return packed[1]
    case 'i':
      return BigInt(packed[1])
    case 'x':
      return new Uint8Array(Buffer.from(packed[1], 'base64'))
    default:
      return unreachable(packed)
  }
}
