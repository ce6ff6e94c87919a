// Ranges of versions: which versions they take.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { isInRange } from './version-range.ts'

const TAKEN: Readonly<Record<string, readonly [string, string]>> = {
  // range: versions taken | versions refused
  '1.2.3': ['1.2.3 1.2.3+build', '1.2.4 1.2.2 1.2.3-rc.1'],
  '^1.2.3': ['1.2.3 1.9.0', '2.0.0 1.2.2 2.0.0-rc.1 1.3.0-rc.1'],
  '^0.1.0': ['0.1.0 0.1.9', '0.2.0 1.0.0'],
  '^0.0.3': ['0.0.3', '0.0.4'],
  '~1.2': ['1.2.0 1.2.9', '1.3.0'],
  '~1': ['1.0.0 1.9.9', '2.0.0'],
  '1.x': ['1.0.0 1.7.3', '2.0.0 0.9.9'],
  '1.2': ['1.2.0 1.2.7', '1.3.0'],
  '*': ['0.0.1 9.9.9', '1.0.0-rc.1'],
  '>=1.0.0 <2.0.0': ['1.0.0 1.99.0', '2.0.0 0.9.0'],
  '>= 1.1 < 1.3': ['1.1.0 1.2.5', '1.3.0 1.0.0'],
  '>1.2': ['1.3.0', '1.2.9'],
  '<=1.2': ['1.2.9', '1.3.0'],
  '1.0.0 || ^3.0.0': ['1.0.0 3.4.0', '2.0.0'],
  '>=1.0.0-rc.2': ['1.0.0 1.0.0-rc.2 1.0.0-rc.10 2.0.0', '1.0.0-rc.1 1.0.0-alpha']
}

for (const [range, [taken, refused]] of Object.entries(TAKEN)) {
  test(`${range} takes ${taken}, not ${refused}`, () => {
    for (const version of taken.split(' ')) strictEqual(isInRange(version, range), true, version)
    for (const version of refused.split(' ')) strictEqual(isInRange(version, range), false, version)
  })
}

test('what is no range is told from one that does not take the version', () => {
  for (const range of ['latest', '1.2.3.4', '>>1.0.0', '1.0.0 || later']) {
    strictEqual(isInRange('1.0.0', range), null, range)
  }
})
