// The reference in docs/ says what the commands' declarations say.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CLI_REFERENCE_PATH, cliReference } from '../../scripts/docs/cli.ts'

test('docs/reference/cli.md is what `node scripts/generate-docs.ts` writes', () => {
  const written = readFileSync(new URL(`../../${CLI_REFERENCE_PATH}`, import.meta.url), 'utf8')
  assert.equal(written, cliReference())
})
