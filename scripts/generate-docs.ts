// Writes the parts of docs/ that are generated: node scripts/generate-docs.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderModuleReference } from '../src/functions/index.ts'
import { pictures, PICTURES_PATH } from './docs/pictures/index.ts'
import { CLI_REFERENCE_PATH, cliReference } from './docs/cli.ts'
import { OPENAPI_PATH, openApiText } from './docs/openapi.ts'
import {
  renderJsonSchema,
  renderPackageSchema,
  renderReference,
  renderTestSchema
} from '../src/dataflow/index.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'reference')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'dataflow-file.md'), renderReference())
writeFileSync(join(folder, 'module-file.md'), renderModuleReference())
writeFileSync(join(import.meta.dirname, '..', CLI_REFERENCE_PATH), cliReference())
const schemas = {
  'dataflow-file': renderJsonSchema(),
  'package-file': renderPackageSchema(),
  'test-file': renderTestSchema()
}
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(join(folder, `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`)
}
writeFileSync(join(import.meta.dirname, '..', OPENAPI_PATH), openApiText())

const drawn = join(import.meta.dirname, '..', PICTURES_PATH)
mkdirSync(drawn, { recursive: true })
for (const [name, svg] of await pictures()) writeFileSync(join(drawn, name), svg)
