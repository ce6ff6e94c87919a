// Writes the types of the Kafka protocol's messages from their layouts: node scripts/generate-wire.ts
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WIRE_TYPES_FOLDER, wireTypes } from './wire/types.ts'

rmSync(WIRE_TYPES_FOLDER, { recursive: true, force: true })
mkdirSync(WIRE_TYPES_FOLDER, { recursive: true })
for (const [name, text] of wireTypes()) writeFileSync(join(WIRE_TYPES_FOLDER, name), text)
