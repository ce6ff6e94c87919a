// Random messages of a layout, for tests: every field of a version with a value of its kind.
import type { Random } from '../../base/index.ts'
import { isInVersion, isNullable, type Field, type Primitive } from './layout.ts'
import type { Message } from './read-message.ts'

const TEXTS = ['', 'a', 'orders', 'größe', 'x'.repeat(200)]

/** A message of `fields` in `version`; `fixed` gives values by name instead of the dice. */
export function randomMessage(
  fields: readonly Field[],
  version: number,
  random: Random,
  fixed: Message = {}
): Message {
  const message: Record<string, unknown> = {}
  for (const field of fields) {
    if (!isInVersion(field, version)) continue
    message[field.name] =
      field.name in fixed ? fixed[field.name] : randomValue(field, version, random, fixed)
  }
  return message
}

function randomValue(field: Field, version: number, random: Random, fixed: Message): unknown {
  if (isNullable(field, version) && random.below(4) === 0) return null
  const one = (): unknown =>
    typeof field.type === 'string'
      ? randomPrimitive(field.type, random)
      : randomMessage(field.type, version, random, fixed)
  return field.array === true ? Array.from({ length: random.below(3) }, one) : one()
}

function randomPrimitive(type: Primitive, random: Random): unknown {
  switch (type) {
    case 'bool':
      return random.below(2) === 1
    case 'int8':
      return random.below(256) - 128
    case 'int16':
      return random.below(65_536) - 32_768
    case 'uint16':
      return random.below(65_536)
    case 'int32':
      return random.below(2 ** 31) * (random.below(2) === 1 ? 1 : -1)
    case 'int64':
      return random.below(2 ** 31) * random.below(2 ** 21) * (random.below(2) === 1 ? 1 : -1)
    case 'float64':
      return random.below(1000) / 8
    case 'string':
      return TEXTS[random.below(TEXTS.length)]
    case 'uuid':
      return random
        .below(2 ** 31)
        .toString(16)
        .padStart(32, '0')
    case 'bytes':
    case 'records':
      return Buffer.alloc(random.below(random.below(10) === 0 ? 9000 : 20), random.below(256))
  }
}
