// What a join keeps of one key: events with their times, or the rows of a table. Lists that grow in place.
//
//   J1  Whoever changes rows gives them to the state again (`set`): that is what makes the change durable. No undo of a
//       function reaches them, for it begins after the join's own writes.
//   J2  `bytes` is always the estimate of all of it, kept up while it changes.
import type { ByteWriter } from '../../base/index.ts'
import type { ValueCodec } from '../../state/contract.ts'
import { type TravellingKey, packKey, unpackKey } from '../operators/travelling-key.ts'

const ROWS_BYTES = 160
const ROW_BYTES = 32

/** Values by time, in the order in which they came, or sorted: as their owner keeps them. */
export class TimedRows {
  readonly times: number[] = []
  /** Null only for a version that says: nothing from here on. */
  readonly values: unknown[] = []
  /** Whether the other side has had a fitting value. */
  readonly matched: boolean[] = []
  bytes: number = ROWS_BYTES

  insert(at: number, time: number, value: unknown, matched: boolean, bytes: number): void {
    if (at === this.times.length) {
      this.times.push(time)
      this.values.push(value)
      this.matched.push(matched)
    } else {
      this.times.splice(at, 0, time)
      this.values.splice(at, 0, value)
      this.matched.splice(at, 0, matched)
    }
    this.bytes += ROW_BYTES + bytes
  }

  /** Forgets the first `count`, which take `bytes`. */
  dropFirst(count: number, bytes: number): void {
    this.times.splice(0, count)
    this.values.splice(0, count)
    this.matched.splice(0, count)
    this.bytes -= bytes + count * ROW_BYTES
  }
}

/** The rows of a table that have one key, by what tells them apart. */
export class TableRows {
  readonly rows: Map<unknown, unknown> = new Map<unknown, unknown>()
  bytes: number = ROWS_BYTES
}

/** Each row: time, whether it is matched and whether there is a value, length, value. */
export function timedRowsCodec(value: ValueCodec): ValueCodec<TimedRows> {
  return {
    ...ownForms(() => new TimedRows()),
    encode(rows: TimedRows, sink: ByteWriter): void {
      for (let index = 0; index < rows.times.length; index++) {
        const one = rows.values[index]
        sink.f64be(rows.times[index]!)
        sink.u8((rows.matched[index] ? 1 : 0) | (one === null ? 0 : 2))
        if (one === null) sink.u32be(0)
        else withLength(sink, () => value.encode(one, sink))
      }
    },
    decode(bytes: Uint8Array, start: number, end: number): TimedRows {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const rows = new TimedRows()
      for (let at = start; at < end;) {
        const time = view.getFloat64(at)
        const flags = view.getUint8(at + 8)
        const from = at + 13
        at = from + view.getUint32(at + 9)
        const one = flags & 2 ? value.decode(bytes, from, at) : null
        const size = one === null ? 0 : value.size(one)
        rows.insert(rows.times.length, time, one, (flags & 1) !== 0, size)
      }
      return rows
    }
  }
}

/** Each row: length and what tells it apart as JSON, length and value. */
export function tableRowsCodec(value: ValueCodec): ValueCodec<TableRows> {
  return {
    ...ownForms(() => new TableRows()),
    encode({ rows }: TableRows, sink: ByteWriter): void {
      for (const [id, one] of rows) {
        withLength(sink, () => sink.utf8(JSON.stringify(packKey(id))))
        withLength(sink, () => value.encode(one, sink))
      }
    },
    decode(bytes: Uint8Array, start: number, end: number): TableRows {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const rows = new TableRows()
      for (let at = start; at < end;) {
        const idEnd = at + 4 + view.getUint32(at)
        const id = Buffer.from(bytes.subarray(at + 4, idEnd)).toString()
        at = idEnd + 4 + view.getUint32(idEnd)
        const one = value.decode(bytes, idEnd + 4, at)
        rows.rows.set(unpackKey(JSON.parse(id) as TravellingKey), one)
        rows.bytes += ROW_BYTES + value.size(one)
      }
      return rows
    }
  }
}

/** Rows belong to their state: nobody gets a copy. */
function ownForms<T extends { readonly bytes: number }>(
  zero: () => T
): Pick<ValueCodec<T>, 'zero' | 'copy' | 'check' | 'size'> {
  return { zero, copy: rows => rows, check: rows => rows as T, size: rows => rows.bytes }
}

function withLength(sink: ByteWriter, write: () => void): void {
  const at = sink.length
  sink.u32be(0)
  write()
  sink.buffer.writeUInt32BE(sink.length - at - 4, at)
}
