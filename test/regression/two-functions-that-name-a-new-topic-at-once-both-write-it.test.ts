// Two addresses that wrote to a topic which was not there yet both made it: the second became a dead letter.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressOf,
  kafkaEgress,
  messageTo,
  statefulFunction,
  stringType
} from '../../src/functions/index.ts'
import { TestFunctions } from '../../src/testing/index.ts'

const writer = statefulFunction({
  typename: 'example/writer',
  handler(context, message) {
    const value = message.asString()
    context.egress(kafkaEgress({ typename: 'example/out', topic: 'new', value }))
  }
})

for (const tasks of [1, 3]) {
  test(`with ${tasks} tasks two functions that name a new topic at once both write it`, async () => {
    const options = { functions: [writer], egresses: ['example/out'], tasks }
    await using kit = await TestFunctions.open(options)
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    await kit.send(...ids.map(id => messageTo(addressOf('example/writer', id), id, stringType)))
    deepStrictEqual(await kit.deadLetters(), [])
    deepStrictEqual((await kit.take('new')).toSorted(), ids)
  })
}
