// The classic group protocol with a clock moved by hand.
import { deepStrictEqual, notStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { ERROR_CODES } from '../../wire/index.ts'
import { GROUP_MEMBERS_MAX } from '../context.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { JoinAnswer, SyncAnswer } from './classic-member.ts'
import { groupsKit, wishOf } from './groups.cases.ts'

const NO_PROTOCOL = { type: null, name: null }
const dynamic = (memberId: string) => ({ memberId, instanceId: null })

function syncOf(
  group: ClassicGroup,
  answer: JoinAnswer,
  assignments: Readonly<Record<string, string>> = {}
): Promise<SyncAnswer> {
  const given = new Map(
    Object.entries(assignments).map(([id, text]) => [id, Buffer.from(text)] as const)
  )
  return group.sync(dynamic(answer.memberId), answer.generationId!, NO_PROTOCOL, given)
}

/** A group with a leader and a follower, both synced. */
async function pair(group: ClassicGroup): Promise<readonly [JoinAnswer, JoinAnswer]> {
  const alone = await group.join(wishOf({}))
  const joining = group.join(wishOf({}))
  const [leader, follower] = await Promise.all([
    group.join(wishOf({ memberId: alone.memberId })),
    joining
  ])
  const following = syncOf(group, follower)
  const given = { [leader.memberId]: 'L', [follower.memberId]: 'F' }
  await syncOf(group, leader, given)
  strictEqual(String((await following).assignment), 'F')
  return [leader, follower]
}

test('a new member must come again with the id that it is given', async () => {
  const { groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const refused = await group.join(wishOf({ requiresId: true }))
  strictEqual(refused.errorCode, ERROR_CODES.MEMBER_ID_REQUIRED)
  const joined = await group.join(wishOf({ memberId: refused.memberId, requiresId: true }))
  deepStrictEqual([joined.errorCode, joined.generationId, joined.leader], [0, 1, joined.memberId])
  strictEqual(
    (await group.join(wishOf({ memberId: 'nobody' }))).errorCode,
    ERROR_CODES.UNKNOWN_MEMBER_ID
  )
})

test('the leader gets all members, each its assignment', async () => {
  const { groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const [leader, follower] = await pair(group)
  strictEqual(leader.members!.length, 2)
  strictEqual(follower.members!.length, 0)
  strictEqual(group.state, 'Stable')
  strictEqual(leader.generationId, 2)
})

test('the first members of a group wait for each other', async () => {
  const { clock, groups } = await groupsKit({ initialDelayMs: 100 })
  const group = groups.classicFor('g')!
  const first = group.join(wishOf({}))
  await clock.advance(60)
  const second = group.join(wishOf({}))
  await clock.advance(100)
  strictEqual(group.state, 'PreparingRebalance')
  await clock.advance(100)
  deepStrictEqual([(await first).generationId, (await second).generationId], [1, 1])
})

test('a silent member is out after its session, and the others are told', async () => {
  const { clock, groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const [leader, follower] = await pair(group)
  for (let step = 0; step < 3; step++) {
    await clock.advance(4_000)
    group.heartbeat(dynamic(leader.memberId), 2)
  }
  strictEqual(group.heartbeat(dynamic(follower.memberId), 2), ERROR_CODES.UNKNOWN_MEMBER_ID)
  strictEqual(group.heartbeat(dynamic(leader.memberId), 2), ERROR_CODES.REBALANCE_IN_PROGRESS)
  const again = await group.join(wishOf({ memberId: leader.memberId }))
  deepStrictEqual([again.generationId, again.members!.length], [3, 1])
})

test('who does not join within the rebalance timeout is out', async () => {
  const { clock, groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const [leader, follower] = await pair(group)
  const third = group.join(wishOf({}))
  for (let step = 0; step < 6; step++) {
    group.heartbeat(dynamic(leader.memberId), 2)
    group.heartbeat(dynamic(follower.memberId), 2)
    if (step === 1) void group.join(wishOf({ memberId: leader.memberId }))
    await clock.advance(5_000)
  }
  await third
  strictEqual(group.members.has(follower.memberId), false)
  strictEqual(group.members.size, 2)
})

test('who never asks for its part is out, and the others join again', async () => {
  const { clock, groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const first = await group.join(wishOf({}))
  await clock.advance(9_000)
  group.heartbeat(dynamic(first.memberId), 1)
  for (let step = 0; step < 3; step++) {
    await clock.advance(8_000)
    group.heartbeat(dynamic(first.memberId), 1)
  }
  strictEqual(group.state, 'Empty')
})

test('generations, protocols and members of before are refused', async () => {
  const { groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const [leader] = await pair(group)
  const me = dynamic(leader.memberId)
  strictEqual(group.heartbeat(me, 1), ERROR_CODES.ILLEGAL_GENERATION)
  strictEqual(group.mayCommit(me, 1, false), ERROR_CODES.ILLEGAL_GENERATION)
  strictEqual(group.mayCommit(me, 2, false), ERROR_CODES.NONE)
  strictEqual(group.mayCommit(dynamic(''), -1, false), ERROR_CODES.UNKNOWN_MEMBER_ID)
  strictEqual(group.mayCommit(dynamic(''), -1, true), ERROR_CODES.NONE)
  const other = await group.join(wishOf({ protocols: ['sticky'] }))
  strictEqual(other.errorCode, ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL)
})

test('the protocol that most members prefer and all know is taken', async () => {
  const { clock, groups } = await groupsKit({ initialDelayMs: 10 })
  const group = groups.classicFor('g')!
  const wishes = [
    ['a', 'b'],
    ['b', 'a'],
    ['c', 'b', 'a']
  ]
  const joins = wishes.map(protocols => group.join(wishOf({ protocols })))
  await clock.advance(40)
  deepStrictEqual(
    (await Promise.all(joins)).map(answer => answer.protocolName),
    ['b', 'b', 'b']
  )
})

test('a static member that comes back the same takes its place without a rebalance', async () => {
  const { groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const first = await group.join(wishOf({ instanceId: 'one', metadata: 'm' }))
  const before = { memberId: first.memberId, instanceId: 'one' }
  const given = new Map([[first.memberId, Buffer.from('mine')]])
  await group.sync(before, 1, NO_PROTOCOL, given)
  const again = await group.join(
    wishOf({ instanceId: 'one', metadata: 'm', canSkipAssignment: true })
  )
  deepStrictEqual([again.errorCode, again.generationId, again.skipAssignment], [0, 1, true])
  notStrictEqual(again.memberId, first.memberId)
  strictEqual(group.heartbeat(before, 1), ERROR_CODES.FENCED_INSTANCE_ID)
  const now = { memberId: again.memberId, instanceId: 'one' }
  strictEqual(String((await group.sync(now, 1, NO_PROTOCOL, new Map())).assignment), 'mine')
  const changed = await group.join(wishOf({ instanceId: 'one', metadata: 'other' }))
  strictEqual(changed.generationId, 2)
})

test('a member that leaves makes room at once; a static one may be named by its instance', async () => {
  const { groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const [leader, follower] = await pair(group)
  strictEqual(group.leave(dynamic(follower.memberId)), ERROR_CODES.NONE)
  strictEqual(group.leave(dynamic(follower.memberId)), ERROR_CODES.UNKNOWN_MEMBER_ID)
  strictEqual(group.heartbeat(dynamic(leader.memberId), 2), ERROR_CODES.REBALANCE_IN_PROGRESS)
  group.leave(dynamic(leader.memberId))
  strictEqual(group.state, 'Empty')
  await group.join(wishOf({ instanceId: 'one' }))
  strictEqual(group.leave({ memberId: '', instanceId: 'one' }), ERROR_CODES.NONE)
  strictEqual(group.state, 'Empty')
})

test('a restart keeps members, generation and assignments', async () => {
  const { groups, restart, clock } = await groupsKit()
  const [leader, follower] = await pair(groups.classicFor('g')!)
  groups.close()
  const later = (await restart()).classic('g')!
  strictEqual(later.state, 'Stable')
  strictEqual(later.heartbeat(dynamic(leader.memberId), 2), ERROR_CODES.NONE)
  strictEqual(String((await syncOf(later, follower)).assignment), 'F')
  await clock.advance(11_000)
  strictEqual(later.members.size, 0)
})

test('a group is deleted with its positions once it is empty', async () => {
  const { groups, log, restart } = await groupsKit()
  await log.createTopic('t')
  const group = groups.classicFor('g')!
  const member = await group.join(wishOf({}))
  const position = { group: 'g', topic: 't', partition: 0, offset: 0, metadata: '' }
  await log.commit({ batches: [], offsets: [position] })
  strictEqual(await groups.delete('g'), ERROR_CODES.NON_EMPTY_GROUP)
  group.leave(dynamic(member.memberId))
  strictEqual(await groups.delete('g'), ERROR_CODES.NONE)
  strictEqual(await groups.delete('g'), ERROR_CODES.GROUP_ID_NOT_FOUND)
  strictEqual(await groups.delete('ns/flow'), ERROR_CODES.INVALID_GROUP_ID)
  deepStrictEqual(await (await restart()).list(), [])
})

test('a group has so many members, with those that are expected, and no more', async () => {
  const { groups } = await groupsKit()
  const group = groups.classicFor('g')!
  const asked = Array.from({ length: GROUP_MEMBERS_MAX }, () =>
    group.join(wishOf({ requiresId: true }))
  )
  const [first] = await Promise.all(asked)
  const beyond = await group.join(wishOf({ requiresId: true }))
  strictEqual(beyond.errorCode, ERROR_CODES.GROUP_MAX_SIZE_REACHED)
  strictEqual(group.leave(dynamic(first!.memberId)), 0)
  const next = await group.join(wishOf({ requiresId: true }))
  strictEqual(next.errorCode, ERROR_CODES.MEMBER_ID_REQUIRED)
})

test('groups that nobody is in and that have no positions are forgotten', async () => {
  const { clock, groups, log, restart } = await groupsKit()
  await log.createTopic('t')
  const offset = { topic: 't', partition: 0, offset: 0, metadata: '' }
  await log.commit({ batches: [], offsets: [{ ...offset, group: 'positions' }] })
  for (const id of ['asked', 'left', 'joined', 'positions']) {
    const group = groups.classicFor(id)!
    const { memberId } = await group.join(wishOf({ requiresId: true }))
    if (id === 'asked') continue
    const joined = await group.join(wishOf({ memberId }))
    await syncOf(group, joined)
    if (id !== 'joined') group.leave(dynamic(memberId))
  }
  deepStrictEqual([...(await groups.expired())], [['group:left', null]])
  await clock.advance(10_000)
  deepStrictEqual([...(await groups.expired()).keys()], ['group:asked', 'group:joined'])
  const listed = (await groups.list()).map(group => group.groupId)
  deepStrictEqual(listed, ['positions'])
  strictEqual((await (await restart()).list()).length, 3)
})
