// Runs the tests: `npm test [-- FILTER ...]`; each filter is a part of a path. MILLRACE_SEEDS and others lengthen them.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '..')
const filters = process.argv.slice(2)
const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'], {
  cwd: root
})
  .filter(path => filters.length === 0 || filters.some(filter => path.includes(filter)))
  .toSorted()
if (files.length === 0) {
  console.error(`no test file's path contains ${filters.join(' or ')}`)
  process.exit(2)
}
const child = spawn(
  process.execPath,
  [
    '--conditions=millrace-source',
    '--disable-warning=ExperimentalWarning',
    '--test',
    // Node's own choice on two processors is one file at a time, half of which is waiting.
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    `--test-reporter=${pathToFileURL(resolve(root, 'scripts/test-reporter.ts'))}`,
    ...files
  ],
  { cwd: root, stdio: 'inherit' }
)
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))
