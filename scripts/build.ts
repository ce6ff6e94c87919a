// Builds the published form into dist/: JavaScript and declarations of src and conformance, commands as one file each.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

import { flatten } from './build/flatten.ts'
import { nameNodeTypes, pruneDeclarations, slimScripts } from './build/slim.ts'

/** What a process or a thread begins with: every file that it loads first costs about 0.4 ms. */
const ENTRIES = ['cli/main.js', 'cli/commands/run.js', 'kafka/index.js', 'runtime/worker/entry.js']

const root = resolve(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const config = join(root, 'tsconfig.build.json')
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc'
)
const result = spawnSync(process.execPath, [compiler, '-p', config], {
  cwd: root,
  stdio: 'inherit'
})
if (result.status !== 0) process.exit(result.status ?? 1)
// The compiler does not carry JavaScript over; its declarations lie beside it.
const generated = 'src/functions/remote/wire/generated'
cpSync(join(root, generated), join(root, 'dist', generated), { recursive: true })
for (const entry of ENTRIES) flatten(join(root, 'dist/src', entry))
slimScripts(join(root, 'dist'))
pruneDeclarations(root, join(root, 'dist'))
nameNodeTypes(join(root, 'dist'))
console.error('built dist/')
