// Reads the one field of a scalar's message, whatever else an encoder put around it.
import protobuf from 'protobufjs/minimal.js'

type Reader = protobuf.Reader

/**
 * The last field with that tag byte, as protobuf says; null when there is none. Unknown fields are skipped.
 * @throws RangeError, Error the bytes are no protobuf message
 */
export function readScalar<T>(
  bytes: Uint8Array,
  tag: number,
  read: (reader: Reader) => T
): T | null {
  const reader = protobuf.Reader.create(bytes)
  let value: T | null = null
  while (reader.pos < reader.len) {
    const found = reader.uint32()
    if (found === tag) value = read(reader)
    else skip(reader, found)
  }
  return value
}

function skip(reader: Reader, tag: number): void {
  if (tag >>> 3 === 0) throw new RangeError(`field number 0 at byte ${reader.pos}`)
  reader.skipType(tag & 7)
}
