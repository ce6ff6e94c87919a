// Tests of the greeter with the test kit: the module's topics, and the functions themselves.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { addressOf, intType, valueSpec } from 'millrace/functions'
import { TestFunctions } from 'millrace/testing'
import { greeter, person } from './functions.ts'

const module = join(import.meta.dirname, 'module.yaml')
const visits = valueSpec({ name: 'visits', type: intType })

test('a person is greeted by how often it came', async () => {
  await using kit = await TestFunctions.open({ functions: [person, greeter], module })
  await kit.feed('names', [
    { key: 'Ann', value: { name: 'Ann' } },
    { key: 'Bob', value: { name: 'Bob' } },
    { key: 'Ann', value: { name: 'Ann' } }
  ])
  deepStrictEqual(await kit.take('greetings'), [
    'Welcome, Ann!',
    'Welcome, Bob!',
    'Nice to see you again, Ann.'
  ])
  strictEqual(kit.state(addressOf('example/person', 'Ann'), visits), 2)
})

test('a crash between person and greeter greets once', async () => {
  await using kit = await TestFunctions.open({ functions: [person, greeter], module })
  kit.inject({ at: 'example/greeter', action: 'crash' })
  await kit.feed('names', [{ key: 'Ann', value: { name: 'Ann' } }])
  await kit.recover()
  deepStrictEqual(await kit.take('greetings'), ['Welcome, Ann!'])
  strictEqual(kit.state(addressOf('example/person', 'Ann'), visits), 1)
})
