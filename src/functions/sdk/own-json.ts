// Copies a value the way JSON would, without making the text where it can.

/** Deeper values take the way over the text, whose errors (cycles) are the platform's own. */
const DEPTH_MAX = 200

/**
 * What `JSON.parse(JSON.stringify(value))` gives, in a copy that shares nothing with `value`.
 * @throws TypeError where JSON does: cycles, bigints; and for what JSON has not, such as a function
 */
export function ownJson(value: unknown): unknown {
  const copy = copyPlain(value, 0)
  if (copy !== EXOTIC) return copy
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError(`JSON has no ${typeof value}`)
  return JSON.parse(text)
}

/** Stands for "only JSON itself knows": classes, `toJSON`, undefined at the top, very deep values. */
const EXOTIC: unique symbol = Symbol('exotic')

function copyPlain(value: unknown, depth: number): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return value
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null
  if (typeof value !== 'object' || depth === DEPTH_MAX) return EXOTIC
  if (Array.isArray(value)) return copyArray(value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return EXOTIC
  if ('toJSON' in value) return EXOTIC
  return copyObject(value as Record<string, unknown>, depth)
}

function copyArray(value: readonly unknown[], depth: number): unknown {
  const copy: unknown[] = []
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    const own = item === undefined ? null : copyPlain(item, depth + 1)
    if (own === EXOTIC) return EXOTIC
    copy.push(own)
  }
  return copy
}

function copyObject(value: Record<string, unknown>, depth: number): unknown {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const item = value[key]
    if (item === undefined) continue
    // Assigning to this key would set the prototype; JSON.parse makes a property.
    if (key === '__proto__') return EXOTIC
    const own = copyPlain(item, depth + 1)
    if (own === EXOTIC) return EXOTIC
    copy[key] = own
  }
  return copy
}
