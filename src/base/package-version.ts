// The version of the package that this file belongs to.
import { existsSync, readFileSync } from 'node:fs'

let known: string | null = null

/** The version; `unknown` where no package.json is found above. Read once. */
export function packageVersion(): string {
  known ??= read()
  return known
}

function read(): string {
  let folder = new URL('./', import.meta.url)
  while (!existsSync(new URL('package.json', folder))) {
    const parent = new URL('../', folder)
    if (parent.href === folder.href) return 'unknown'
    folder = parent
  }
  const text = readFileSync(new URL('package.json', folder), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
