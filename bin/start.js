// Starts the command line: from dist/ in the published package, from the TypeScript sources in the repository.

// An import of them would read every property, which loads what Node loads when it is needed: 5 ms.
const { existsSync } = process.getBuiltinModule('node:fs')
const { enableCompileCache } = process.getBuiltinModule('node:module')

// Type stripping is used on purpose; its warnings tell a user nothing. All other warnings pass.
const emitWarning = process.emitWarning
process.emitWarning = function (warning, ...rest) {
  const kind = typeof rest[0] === 'object' ? rest[0]?.type : rest[0]
  if (
    kind === 'ExperimentalWarning' &&
    /type stripping|stripTypeScriptTypes/i.test(String(warning))
  )
    return
  Reflect.apply(emitWarning, process, [warning, ...rest])
}

// Compiled code is kept between runs; a cache that cannot be written is no error.
enableCompileCache()

const source = new URL('../src/cli/main.ts', import.meta.url)
const { main } = await import(
  existsSync(source) ? source.href : new URL('../dist/src/cli/main.js', import.meta.url).href
)
process.exitCode = await main(process.argv.slice(2))
