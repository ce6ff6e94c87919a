// What two forms of one dataflow must share: their plans without places, and functions as what they do.
import { acornLibrary } from '../src/dataflow/index.ts'

/** A plan without places, and with functions as what they do: their trees instead of their texts. */
export function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(shapeOf)
  const entries = Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
    if (['at', 'file', 'source', 'indent', 'places'].includes(key)) return []
    return [[key, key === 'javascript' ? treeOf(String(part)) : shapeOf(part)]]
  })
  return Object.fromEntries(entries)
}

function treeOf(javascript: string): unknown {
  const program = acornLibrary().parse(javascript, { ecmaVersion: 'latest', sourceType: 'module' })
  return JSON.parse(
    JSON.stringify(program, (key, value: unknown) =>
      ['start', 'end', 'raw'].includes(key) ? undefined : value
    )
  )
}
