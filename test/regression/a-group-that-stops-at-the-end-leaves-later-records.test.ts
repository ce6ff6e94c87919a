// `consume -d -g report` while somebody writes: a fetch brings records behind the end as well. They were left out, but
// the group's position went past them, so no consumer of the group ever saw them.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { Client } from '../../src/client/client.ts'
import { text } from '../../src/client/index.ts'
import { MemoryDriver } from '../client/memory-driver.ts'

test('records that are written behind the end are left to the next consumer of the group', async () => {
  const driver = new MemoryDriver()
  driver.topics.set('t', 1)
  driver.write('t', 0, ['1', '2'])
  const { offsets } = driver.admin
  const late = ['3', '4']
  driver.admin.offsets = async (queries, isolation) => {
    const found = await offsets(queries, isolation)
    // Behind the question for the end, before the fetch.
    if (queries.some(query => query.at === 'end')) driver.write('t', 0, late.splice(0))
    return found
  }
  const client = new Client(driver, driver.clock)
  const read = async (): Promise<(string | null)[]> => {
    const consumer = await client.consumer({
      topics: ['t'],
      group: 'g',
      types: { key: text, value: text },
      stopAtEnd: true
    })
    driver.member!.onAssign([{ topic: 't', partition: 0 }], false)
    const seen: (string | null)[] = []
    for await (const { value } of consumer) seen.push(value)
    await consumer.close()
    return seen
  }
  deepStrictEqual(await read(), ['1', '2'])
  deepStrictEqual(await read(), ['3', '4'])
})
