// A test of the vertices with the test kit: they agree, and two components become one.
import { deepStrictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { TestFunctions } from 'millrace/testing'
import { vertex } from './functions.ts'

const module = join(import.meta.dirname, 'module.yaml')
const edge = (key: string, to: string) => ({ key, value: { to } })

test('vertices find the smallest name, and tell it a second after the last news', async () => {
  await using kit = await TestFunctions.open({ functions: [vertex], module, tasks: 2 })
  await kit.feed('edges', [edge('b', 'a'), edge('b', 'c'), edge('x', 'y')])
  await kit.advance(1_000)
  deepStrictEqual((await kit.take('components')).toSorted(), [
    'a is in a',
    'b is in a',
    'c is in a',
    'x is in x',
    'y is in x'
  ])
  await kit.feed('edges', [edge('y', 'c')])
  await kit.advance(1_000)
  deepStrictEqual((await kit.take('components')).toSorted(), ['x is in a', 'y is in a'])
})
