// After a restart a message of a request that failed was taken for the last one on its way, although others waited
// behind it in mailboxes or between tasks: who waited for the request heard of a failure instead of the reply.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { delegateLog } from '../../src/log/index.ts'
import { messagesTopicName } from '../../src/functions/runtime/names.ts'
import { ownerOf } from '../../src/functions/runtime/dispatcher.ts'
import { FunctionsBench, type AppOptions } from '../../src/functions/runtime/kit.cases.ts'
import {
  LAST_REQUEST_HEADER,
  addressOf,
  functionsDeadLetterName,
  intType,
  messageTo,
  statefulFunction
} from '../../src/functions/index.ts'

const IDS = Array.from({ length: 20 }, (_, index) => `id-${index}`)
/** Where the ingress is read, and three that belong to another task where there are two. */
const HERE = IDS.find(id => ownerOf(`test/front/${id}`, 2) === 0)!
const ELSEWHERE = IDS.filter(id => ownerOf(`test/back/${id}`, 2) === 1).slice(0, 3)

/** Sends each request on to three; in the first life none of them answers. */
function appOf(isFirst: boolean, tasks: number): AppOptions {
  const front = statefulFunction({
    typename: 'test/front',
    handler({ send }) {
      for (const id of ELSEWHERE) send(messageTo(addressOf('test/back', id), 1, intType))
    }
  })
  const back = statefulFunction({
    typename: 'test/back',
    handler: () => {
      if (isFirst) return new Promise<void>(() => {})
      throw new Error('it fails')
    }
  })
  const target = addressOf('test/front', HERE)
  const message = messageTo(target, 1, intType)
  return {
    functions: [front, back],
    tasks,
    ingresses: [{ kind: 'router', topic: 'in', route: () => [{ ...message, request: 'one' }] }]
  }
}

/** Which dead letters of the second life say that they are the last of their request. */
async function saidLast(tasks: number, isRead: boolean): Promise<boolean[]> {
  const bench = new FunctionsBench()
  const { log } = bench.bench
  const unread = delegateLog(log, {
    read: request =>
      request.topic === messagesTopicName('app') && request.partition === 1
        ? new Promise(() => {})
        : log.read(request)
  })
  const first = await bench.start({ ...appOf(true, tasks), ...(isRead ? {} : { log: unread }) })
  await bench.feedInts('in', [[HERE, 1]])
  for (let turn = 0; turn < 200; turn++) await bench.clock.advance(0)
  await first.stop()
  await bench.drain(appOf(false, tasks))
  const letters = await bench.read(functionsDeadLetterName('app'))
  return letters.map(({ headers = {} }) => LAST_REQUEST_HEADER in headers)
}

for (const tasks of [1, 2]) {
  test(`only the last message of a request says so after a restart, tasks: ${tasks}`, async () => {
    deepStrictEqual(await saidLast(tasks, true), [false, false, true])
  })
}

test('nor do those say so that were between tasks, before all of these are known', async () => {
  deepStrictEqual(await saidLast(2, false), [false, false, true])
})
