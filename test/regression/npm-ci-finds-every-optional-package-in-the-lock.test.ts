// A lock file that was written where a registry lacked some platforms' packages made `npm ci` refuse to install at all.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface LockedPackage {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

test('the lock file has every package that another one asks for, of any platform', () => {
  const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> }
  const missing = Object.entries(packages).flatMap(([by, found]) =>
    Object.keys({ ...found.dependencies, ...found.optionalDependencies })
      .filter(
        name =>
          packages[`node_modules/${name}`] === undefined &&
          packages[`${by}/node_modules/${name}`] === undefined
      )
      .map(name => `${name} (for ${by || 'millrace'})`)
  )
  assert.ok(Object.keys(packages).length > 50)
  assert.deepEqual(missing, [])
})
