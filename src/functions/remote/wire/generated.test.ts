// Tests that the committed protobuf code is what the .proto files give.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generate } from '../../../../scripts/generate-proto.ts'

const FOLDER = join(import.meta.dirname, 'generated')

test('generating the protobuf code anew gives what is committed', async () => {
  const files = await generate()
  deepStrictEqual(readdirSync(FOLDER).toSorted(), [...files.keys()].toSorted())
  for (const [name, text] of files) {
    const hint = `${name} differs: run node scripts/generate-proto.ts`
    strictEqual(readFileSync(join(FOLDER, name), 'utf8') === text, true, hint)
  }
})
