// What is kept of fetch sessions, and how much.
import { deepStrictEqual, notStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { ERROR_CODES, type RequestOf } from '../../wire/index.ts'
import { FetchSessions } from './fetch-sessions.ts'

const NO_ID = '0'.repeat(32)

/** A request for the first partitions of the topic t. */
function requestFor(
  partitions: number,
  session: { readonly sessionId?: number; readonly sessionEpoch?: number } = {}
): RequestOf<'Fetch'> {
  const { sessionId = 0, sessionEpoch = 0 } = session
  const wanted = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1
  }))
  const topics = [{ topic: 't', topicId: NO_ID, partitions: wanted }]
  return {
    sessionId,
    sessionEpoch,
    topics,
    forgottenTopicsData: []
  } as unknown as RequestOf<'Fetch'>
}

function sessionsOf(partitionsMax: number): FetchSessions {
  let id = 0
  return new FetchSessions(() => ++id, partitionsMax)
}

test('sessions beyond the partitions of all push out those that were unused for longest', () => {
  const sessions = sessionsOf(10)
  const [first, second] = [sessions.plan(requestFor(4)), sessions.plan(requestFor(4))]
  const next = (plan: typeof first, sessionEpoch: number): number =>
    sessions.plan(requestFor(0, { sessionId: plan.session!.id, sessionEpoch })).errorCode
  strictEqual(next(first, 1), 0)
  const third = sessions.plan(requestFor(4))
  strictEqual(next(second, 1), ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND)
  strictEqual(next(first, 2), 0)
  strictEqual(next(third, 1), 0)
  // One that is too large for itself is answered, and not kept.
  const large = sessions.plan(requestFor(11))
  strictEqual(large.wanted.length, 11)
  for (const [plan, epoch] of [
    [first, 3],
    [third, 2],
    [large, 1]
  ] as const) {
    strictEqual(next(plan, epoch), ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND)
  }
  notStrictEqual(sessions.plan(requestFor(10)).session, null)
})

test('a partition that is named twice is read once', () => {
  const sessions = sessionsOf(10)
  for (const sessionEpoch of [0, -1]) {
    const request = requestFor(2, { sessionEpoch })
    const twice = { ...request, topics: [...request.topics, ...request.topics] }
    deepStrictEqual(
      sessions.plan(twice).wanted.map(each => each.partition),
      [0, 1]
    )
  }
})
