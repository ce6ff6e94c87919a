// What a state looks like as a table: columns from its types, and its values as SQLite takes them.
import type { Field, Type } from '../dataflow/types.ts'

/** What SQLite takes and gives. */
export type Cell = string | number | bigint | Uint8Array | null

/** How a column was declared; SQLite derives its affinity from it, and results are read back by it. */
export type ColumnType =
  | 'INTEGER'
  | 'REAL'
  | 'TEXT'
  | 'BLOB'
  | 'BOOLEAN'
  | 'DECIMAL TEXT'
  | 'JSON TEXT'
  | 'TIMESTAMP INTEGER'
  /** Without an affinity: digits of what SQLite's integers cannot hold must stay digits. */
  | 'U64 BLOB'

/** A column of a state's table. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** The cell of a state's value. */
  cell(value: unknown): Cell
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** The column of a state's key. */
export function keyColumn(type: Type): Column {
  return { name: '_key', type: columnType(type), cell: cellOf(type) }
}

/** A column for each property of objects and rows, else one with the name `value`. */
export function valueColumns(type: Type, reserved: readonly string[]): Column[] {
  const inner = type.kind === 'option' ? type.value : type
  if (inner.kind !== 'object' && inner.kind !== 'arrow-row') {
    return [{ name: 'value', type: columnType(type), cell: cellOf(type) }]
  }
  // SQLite takes names that differ in case only for one.
  const taken = new Set(reserved)
  return inner.fields.map(field => {
    let name = field.name
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${field.name}_${number}`
    taken.add(name.toLowerCase())
    return fieldColumn(name, field)
  })
}

function fieldColumn(name: string, field: Field): Column {
  const cell = cellOf(field.type)
  return {
    name,
    type: columnType(field.type),
    cell: value => cell((value as Readonly<Record<string, unknown>> | null)?.[field.name])
  }
}

function columnType(type: Type): ColumnType {
  switch (type.kind) {
    case 'bool':
      return 'BOOLEAN'
    case 'f32':
    case 'f64':
      return 'REAL'
    case 'string':
    case 'null':
    case 'enum':
      return 'TEXT'
    case 'decimal':
      return 'DECIMAL TEXT'
    case 'bytes':
      return 'BLOB'
    case 'timestamp':
      return 'TIMESTAMP INTEGER'
    case 'option':
      return columnType(type.value)
    case 'object':
    case 'arrow-row':
    case 'list':
    case 'map':
    case 'key-value':
      return 'JSON TEXT'
    case 'u64':
      return type.bigint ? 'U64 BLOB' : 'INTEGER'
    default:
      return 'INTEGER'
  }
}

function cellOf(type: Type): (value: unknown) => Cell {
  switch (type.kind) {
    case 'bool':
      return value => (value === undefined || value === null ? null : value === true ? 1 : 0)
    case 'option':
      return cellOf(type.value)
    case 'u64':
    case 's64':
      return integerCell
    case 'enum':
      // A variant without a value is its name.
      return value => (typeof value === 'string' ? value : jsonCell(value))
    case 'object':
    case 'arrow-row':
    case 'list':
    case 'map':
    case 'key-value':
      return jsonCell
    default:
      return value => (value === undefined ? null : (value as Cell))
  }
}

/** SQLite's integers end at 2^63 - 1: what is larger is its digits. */
function integerCell(value: unknown): Cell {
  if (typeof value === 'bigint' && (value > INT64_MAX || value < INT64_MIN)) return String(value)
  return value === undefined ? null : (value as Cell)
}

function jsonCell(value: unknown): Cell {
  return value === undefined || value === null ? null : JSON.stringify(value, plain)
}

/** As `show state -o json` has it: bigints as digits, bytes as base64, maps as pairs. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map) return [...value]
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

/** A cell of a result by the type of the column that it came from; null where it was computed. */
export function readCell(cell: Cell, type: string | null): unknown {
  if (typeof cell === 'bigint') {
    if (type === 'BOOLEAN') return cell !== 0n
    return cell >= Number.MIN_SAFE_INTEGER && cell <= Number.MAX_SAFE_INTEGER ? Number(cell) : cell
  }
  if (type === 'JSON TEXT' && typeof cell === 'string') return JSON.parse(cell)
  return cell
}
