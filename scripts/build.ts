// Builds the published form into dist/: JavaScript and declarations of src and conformance, commands as one file each.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

import { flatten } from './build/flatten.ts'
import { copyLicense, joinPackage, requireInstead } from './build/join.ts'
import { nameNodeTypes, pruneDeclarations, slimScripts } from './build/slim.ts'

/** What a process or a thread begins with, and the packages in it: every file that is loaded costs about 0.4 ms. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'cli/main.js': [],
  'cli/program/program.js': ['commander'],
  'cli/commands/run.js': [],
  'kafka/index.js': [],
  'server/http/libraries.js': ['hono', 'hono/ws', '@hono/node-server'],
  'runtime/worker/entry.js': []
}

/** Packages of many CommonJS files that a start loads. */
const JOINED = ['yaml', 'classic-level', 'protobufjs/minimal.js']

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
const packages = join(root, 'dist/packages')
for (const name of JOINED) {
  const joined = join(packages, `${name.replace(/\/.*/, '')}.cjs`)
  joinPackage(name, joined)
  requireInstead(join(root, 'dist/src'), name, joined)
}
for (const [entry, inlined] of Object.entries(ENTRIES)) {
  const paths = flatten(join(root, 'dist/src', entry), inlined)
  for (const path of paths) if (path.includes('/node_modules/')) copyLicense(path, packages)
}
slimScripts(join(root, 'dist'))
pruneDeclarations(root, join(root, 'dist'))
nameNodeTypes(join(root, 'dist'))
console.error('built dist/')
