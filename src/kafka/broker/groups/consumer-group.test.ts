// Groups of KIP-848 with a clock moved by hand.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { ERROR_CODES } from '../../wire/index.ts'
import { GROUP_MEMBERS_MAX } from '../context.ts'
import type { Heartbeat, HeartbeatAnswer } from './consumer-group.ts'
import type { Groups } from './groups.ts'
import { groupsKit, type GroupsKit } from './groups.cases.ts'

const NO_NEWS = {
  rackId: null,
  clientId: null,
  clientHost: null,
  rebalanceTimeoutMs: null,
  topicNames: null,
  topicPattern: null,
  assignor: null
}

/** A member that remembers what it was told. */
class Member {
  readonly #groups: Groups
  readonly id: string
  readonly instanceId: string | null
  epoch = 0
  owned: ReadonlyMap<string, readonly number[]> = new Map()

  constructor(groups: Groups, id: string, instanceId: string | null = null) {
    this.#groups = groups
    this.id = id
    this.instanceId = instanceId
  }

  async beat(more: Partial<Heartbeat> = {}): Promise<HeartbeatAnswer> {
    const group = this.#groups.consumerFor('g')!
    const { id: memberId, epoch, instanceId, owned } = this
    const isNew = (more.epoch ?? epoch) === 0
    const news = { rebalanceTimeoutMs: 20_000, topicNames: ['t'] }
    const facts = isNew ? { ...NO_NEWS, ...news } : NO_NEWS
    const answer = await group.heartbeat(
      { memberId, epoch, instanceId, facts, owned: isNew ? new Map() : owned, ...more },
      await this.#groups.topicView({ isFresh: isNew })
    )
    if (answer.errorCode === 0) this.epoch = answer.epoch
    if (answer.assignment !== null) this.owned = answer.assignment
    return answer
  }

  get count(): number {
    return [...this.owned.values()].reduce((sum, partitions) => sum + partitions.length, 0)
  }
}

async function kitWith(partitions: number): Promise<GroupsKit> {
  const kit = await groupsKit()
  await kit.log.createTopic('t', { partitions })
  return kit
}

test('partitions go to a new member only after the one before gave them up', async () => {
  const { groups } = await kitWith(4)
  const [a, b] = [new Member(groups, 'a'), new Member(groups, 'b')]
  await a.beat()
  deepStrictEqual([a.epoch, a.count], [1, 4])
  await b.beat()
  deepStrictEqual([b.epoch, b.count], [2, 0])
  const before = a.owned
  await a.beat()
  deepStrictEqual([a.epoch, a.count], [1, 2])
  await b.beat()
  strictEqual(b.count, 0)
  // It still says that it works on all: nothing is given away.
  await a.beat({ owned: before })
  await b.beat()
  strictEqual(b.count, 0)
  await a.beat()
  strictEqual(a.epoch, 2)
  await b.beat()
  deepStrictEqual([a.count, b.count], [2, 2])
  strictEqual(groups.consumer('g')!.state, 'Stable')
})

test('who does not give up in time is out, and so is who is silent', async () => {
  const { groups, clock } = await kitWith(2)
  const [a, b] = [new Member(groups, 'a'), new Member(groups, 'b')]
  await a.beat()
  await b.beat()
  for (let step = 0; step < 5; step++) {
    await a.beat({ owned: null })
    await b.beat()
    await clock.advance(5_000)
  }
  strictEqual((await a.beat()).errorCode, ERROR_CODES.UNKNOWN_MEMBER_ID)
  await b.beat()
  strictEqual(b.count, 2)
  await clock.advance(10_001)
  strictEqual(groups.consumer('g')!.members.size, 0)
  strictEqual(groups.consumer('g')!.state, 'Empty')
})

test('epochs of before and of nobody are fenced; the one before is let through when its answer was lost', async () => {
  const { groups } = await kitWith(2)
  const a = new Member(groups, 'a')
  await a.beat()
  strictEqual((await a.beat({ epoch: 7 })).errorCode, ERROR_CODES.FENCED_MEMBER_EPOCH)
  await new Member(groups, 'b').beat()
  await a.beat()
  await a.beat()
  strictEqual(a.epoch, 2)
  const lost = await a.beat({ epoch: 1 })
  deepStrictEqual([lost.errorCode, lost.epoch, lost.assignment !== null], [0, 2, true])
  const group = groups.consumer('g')!
  strictEqual(group.mayCommit('a', 2, false), ERROR_CODES.NONE)
  strictEqual(group.mayCommit('a', 1, false), ERROR_CODES.STALE_MEMBER_EPOCH)
  strictEqual(group.mayCommit('x', 1, false), ERROR_CODES.UNKNOWN_MEMBER_ID)
  a.epoch = 0
  strictEqual((await a.beat()).errorCode, ERROR_CODES.NONE)
  strictEqual(a.count, 1)
})

test('a static member that left for now finds its partitions again', async () => {
  const { groups, clock } = await kitWith(4)
  const [a, b] = [new Member(groups, 'a', 'one'), new Member(groups, 'b')]
  await a.beat()
  await b.beat()
  for (const member of [a, a, b]) await member.beat()
  const taken = await new Member(groups, 'a2', 'one').beat()
  strictEqual(taken.errorCode, ERROR_CODES.UNRELEASED_INSTANCE_ID)
  const { epoch: groupEpoch } = groups.consumer('g')!
  strictEqual((await a.beat({ epoch: -2 })).epoch, -2)
  await b.beat()
  strictEqual(b.count, 2)
  const next = new Member(groups, 'a2', 'one')
  await next.beat()
  deepStrictEqual([...next.owned], [...a.owned])
  strictEqual(groups.consumer('g')!.epoch, groupEpoch)
  strictEqual((await a.beat({ epoch: 2 })).errorCode, ERROR_CODES.FENCED_INSTANCE_ID)
  await next.beat({ epoch: -2 })
  await clock.advance(9_000)
  await b.beat()
  await clock.advance(2_000)
  await b.beat()
  strictEqual(b.count, 4)
})

test('new partitions and topics that a pattern names are shared out', async () => {
  const { clock, groups, log, topics } = await kitWith(1)
  const a = new Member(groups, 'a')
  const facts = { ...NO_NEWS, rebalanceTimeoutMs: 20_000, topicPattern: 't.*' }
  await a.beat({ facts })
  strictEqual(a.count, 1)
  // What the engine itself changes is seen within a second, what clients change at once.
  await log.alterTopic('t', { partitions: 3 })
  await clock.advance(1_000)
  await a.beat()
  strictEqual(a.count, 3)
  topics.note(await log.createTopic('t2'))
  await log.createTopic('other')
  await a.beat()
  strictEqual(a.count, 4)
  await log.deleteTopic('t2')
  topics.forget('t2')
  await a.beat()
  strictEqual(a.count, 3)
})

test('a restart keeps epochs, shares and what is still to be given up', async () => {
  const { groups, restart } = await kitWith(4)
  const [a, b] = [new Member(groups, 'a'), new Member(groups, 'b')]
  await a.beat()
  await b.beat()
  await a.beat()
  groups.close()
  const later = await restart()
  const [a2, b2] = [new Member(later, 'a'), new Member(later, 'b')]
  Object.assign(a2, { epoch: a.epoch, owned: a.owned })
  Object.assign(b2, { epoch: b.epoch, owned: b.owned })
  await b2.beat()
  strictEqual(b2.count, 0)
  await a2.beat()
  await b2.beat()
  deepStrictEqual([a2.count, b2.count, a2.epoch, b2.epoch], [2, 2, 2, 2])
})

test('a group of one kind refuses the other while it has members', async () => {
  const { groups } = await kitWith(1)
  const a = new Member(groups, 'a')
  await a.beat()
  strictEqual(groups.classicFor('g'), null)
  await a.beat({ epoch: -1 })
  strictEqual(groups.classicFor('g')?.state, 'Empty')
})

test('a group has so many members; who names none and no instance removes nobody', async () => {
  const { groups } = await kitWith(1)
  const first = new Member(groups, 'm0')
  strictEqual((await first.beat()).errorCode, 0)
  const group = groups.consumer('g')!
  for (const [id, instance] of [
    ['', null],
    ['', 'nobody'],
    ['other', null]
  ] as const) {
    strictEqual(await group.expel(id, instance), ERROR_CODES.UNKNOWN_MEMBER_ID)
  }
  for (let index = 1; index < GROUP_MEMBERS_MAX; index++) {
    group.members.set(`m${index}`, group.members.get('m0')!)
  }
  const beyond = await new Member(groups, 'beyond').beat()
  strictEqual(beyond.errorCode, ERROR_CODES.GROUP_MAX_SIZE_REACHED)
  strictEqual((await first.beat()).errorCode, 0)
  strictEqual(await group.expel('m0', null), 0)
  strictEqual(group.members.size, GROUP_MEMBERS_MAX - 1)
})
