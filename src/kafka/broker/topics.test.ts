// How often the log is asked about topics.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { SimulatedClock } from '../../base/index.ts'
import { openMemoryLog } from '../../log/index.ts'
import { TopicDirectory } from './topics.ts'

test('a request asks the log about each topic once, and about all of them once', async () => {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  await log.createTopic('t', { partitions: 2 })
  const asked: string[] = []
  const describe = log.describeTopic.bind(log)
  const list = log.listTopics.bind(log)
  log.describeTopic = name => {
    asked.push(name)
    return describe(name)
  }
  log.listTopics = options => {
    asked.push('*')
    return list(options)
  }
  const directory = new TopicDirectory(log, 'cluster')
  const lookUps = directory.lookUps()
  for (let round = 0; round < 3; round++) {
    strictEqual(await lookUps.nameOf(`${round}`.repeat(32)), null)
    strictEqual(await lookUps.topic('none'), null)
    strictEqual(await lookUps.hasPartition('t', 0), true)
    strictEqual(await lookUps.hasPartition('t', 7), false)
    strictEqual(await lookUps.hasPartition('none', 0), false)
  }
  deepStrictEqual(asked, ['*', 'none', 't'])
  asked.length = 0
  const many = directory.lookUps()
  for (let index = 0; index < 1_000; index++) strictEqual(await many.topic(`none${index}`), null)
  strictEqual((await many.topic('t'))?.name, 't')
  strictEqual(asked.length, 101)
  // The next request sees what has come since.
  await log.alterTopic('t', { partitions: 8 })
  strictEqual(await directory.lookUps().hasPartition('t', 7), true)
})

test('a topic that is made anew has another id, and the one before leads nowhere', async () => {
  const log = openMemoryLog({ clock: new SimulatedClock() })
  const directory = new TopicDirectory(log, 'cluster')
  const first = directory.idOf(await log.createTopic('t'))
  strictEqual(await directory.lookUps().nameOf(first), 't')
  await log.deleteTopic('t')
  strictEqual(await directory.describe('t'), null)
  const second = directory.idOf(await log.createTopic('t'))
  deepStrictEqual(
    [await directory.lookUps().nameOf(first), await directory.lookUps().nameOf(second)],
    [null, 't']
  )
})
