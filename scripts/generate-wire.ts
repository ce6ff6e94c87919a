// Writes the types of the Kafka protocol's messages from their layouts: node scripts/generate-wire.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { WIRE_TYPES_PATH, wireTypes } from './wire/types.ts'

mkdirSync(dirname(WIRE_TYPES_PATH), { recursive: true })
writeFileSync(WIRE_TYPES_PATH, wireTypes())
