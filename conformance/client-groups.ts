// Groups, positions and transactions.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { setImmediate as oneTurn } from 'node:timers/promises'

import type { Consumer } from '../src/client/index.ts'
import { take, TEXTS, type AddCase, type ClientKit } from './client-kit.ts'

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`)

/** A member of a group. */
async function member(
  kit: ClientKit,
  topic: string,
  group: string,
  options: object = {}
): Promise<Consumer<string, string>> {
  return kit.closing(
    await kit.client.consumer({ topics: [topic], group, types: TEXTS, waitMs: 50, ...options })
  )
}

const valuesOf = (records: readonly { readonly value: string | null }[]): (string | null)[] =>
  records.map(record => record.value)

/** Adds the cases. */
export function groupCases(add: AddCase): void {
  add('a group goes on behind what was processed', async kit => {
    const [topic, group] = [await kit.topic(), kit.name()]
    await kit.write(topic, numbers(10))
    const first = await member(kit, topic, group)
    deepStrictEqual(valuesOf(await take(first, 4)), ['0', '1', '2', '3'])
    // The fourth was handed out, and nobody asked for the fifth: it is not known to be processed.
    await first.close()
    const second = await member(kit, topic, group)
    deepStrictEqual(valuesOf(await take(second, 2)), ['3', '4'])
    await second.commit()
    await second.close()
    const third = await member(kit, topic, group, { stopAtEnd: true })
    deepStrictEqual(valuesOf(await take(third, 99)), ['5', '6', '7', '8', '9'])
  })

  add('at most once, what was handed out never comes again', async kit => {
    const [topic, group] = [await kit.topic(), kit.name()]
    for (const value of numbers(3)) await kit.write(topic, [value])
    const first = await member(kit, topic, group, { delivery: 'at-most-once', maxBytes: 1 })
    strictEqual((await first.next())?.value, '0')
    await first.close()
    const second = await member(kit, topic, group, { delivery: 'at-most-once', stopAtEnd: true })
    deepStrictEqual(valuesOf(await take(second, 99)), ['1', '2'])
  })

  add('by hand, only what is committed counts', async kit => {
    const [topic, group] = [await kit.topic(), kit.name()]
    await kit.write(topic, numbers(5))
    const first = await member(kit, topic, group, { delivery: 'manual' })
    await take(first, 2)
    await first.commit()
    await take(first, 2)
    await first.close()
    const second = await member(kit, topic, group, { delivery: 'manual', stopAtEnd: true })
    deepStrictEqual(valuesOf(await take(second, 99)), ['2', '3', '4'])
  })

  add('positions are committed as often as was asked for, and at the end', async kit => {
    const topic = await kit.topic()
    await kit.write(topic, numbers(5))
    const positions = async (group: string): Promise<number[]> =>
      (await kit.client.admin.group(group)).status.positions.map(({ offset }) => offset)
    const [often, seldom] = [kit.name(), kit.name()]
    const eager = await member(kit, topic, often, { commitIntervalMs: 0 })
    await take(eager, 4)
    let found: number | undefined
    for (let turns = 0; found !== 3 && turns < 10 * PATIENCE_TURNS; turns++) {
      await oneTurn()
      ;[found] = await positions(often)
    }
    strictEqual(found, 3)
    const lazy = await member(kit, topic, seldom, { commitIntervalMs: 3_600_000 })
    await take(lazy, 4)
    deepStrictEqual(await positions(seldom), [])
    await lazy.close()
    deepStrictEqual(await positions(seldom), [3])
  })

  add('chosen partitions keep positions under a name, without members', async kit => {
    const [topic, group] = [await kit.topic(2), kit.name()]
    await kit.write(topic, numbers(4))
    const topics = [{ topic, partitions: [0] }]
    const first = await member(kit, topic, group, { topics })
    const twin = await member(kit, topic, group, { topics, delivery: 'manual' })
    await take(first, 3)
    await take(twin, 1)
    await first.commit()
    await first.close()
    const { status } = await kit.client.admin.group(group)
    deepStrictEqual(
      status.positions.map(({ partition, offset, lag }) => [partition, offset, lag]),
      [[0, 3, 1]]
    )
    await rejects(
      kit
        .closing(await kit.client.producer({ transactionalId: kit.name() }))
        .transaction(scope => scope.consumed(twin)),
      { code: 'USAGE' }
    )
  })

  add('members share the partitions, and take over from one that leaves', async kit => {
    const [topic, group] = [await kit.topic(4), kit.name()]
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    const [one, other] = [await member(kit, topic, group), await member(kit, topic, group)]
    const seen: (string | null)[] = []
    const follow = async (consumer: Consumer<string, string>): Promise<void> => {
      for await (const record of consumer) seen.push(record.value)
    }
    const followed = [follow(one), follow(other)]
    await until(() => one.partitions.length === 2 && other.partitions.length === 2)
    await producer.sendAll(numbers(40).map((value, at) => ({ topic, value, partition: at % 4 })))
    await until(() => new Set(seen).size === 40)
    await other.close()
    await until(() => one.partitions.length === 4)
    await producer.sendAll(
      numbers(40).map((value, at) => ({ topic, value: `more ${value}`, partition: at % 4 }))
    )
    await until(() => new Set(seen).size === 80)
    const { status } = await kit.client.admin.group(group)
    strictEqual(status.members.length, 1)
    strictEqual(status.members[0]!.partitions.length, 4)
    await one.close()
    await Promise.all(followed)
  })

  add(
    'a member of a name that closes gets its partitions back, and nobody else notices',
    async kit => {
      const [topic, group] = [await kit.topic(4), kit.name()]
      const named = (instance: string): Promise<Consumer<string, string>> =>
        member(kit, topic, group, { instance, sessionTimeoutMs: 30_000 })
      const [one, other] = [await named('one'), await named('other')]
      const rest = take(other, 1)
      const followed = take(one, 1)
      await until(() => one.partitions.length === 2 && other.partitions.length === 2)
      const [own, others] = [one.partitions, other.partitions]
      await one.close()
      await followed
      const { status } = await kit.client.admin.group(group)
      deepStrictEqual(status.members.map(each => each.instance).toSorted(), ['one', 'other'])
      deepStrictEqual(other.partitions, others)
      const again = await named('one')
      const more = take(again, 1)
      await until(() => again.partitions.length === 2)
      deepStrictEqual([again.partitions, other.partitions], [own, others])
      for (const each of [again, other]) await each.close()
      await Promise.all([rest, more])
    }
  )

  add('positions are moved and groups deleted while nobody is a member', async kit => {
    const [topic, group] = [await kit.topic(2), kit.name()]
    const { admin } = kit.client
    await kit.write(topic, numbers(10))
    const consumer = await member(kit, topic, group)
    await take(consumer, 10)
    await consumer.commit()
    await rejects(admin.resetOffsets(group, { to: 'beginning' }), { code: 'GROUP_NOT_EMPTY' })
    await rejects(admin.deleteGroup(group), { code: 'GROUP_NOT_EMPTY' })
    const [idle, other] = [await kit.topic(), kit.name()]
    const waiting = await member(kit, idle, other)
    await rejects(admin.resetOffsets(other, { to: 'end' }), { code: 'GROUP_NOT_EMPTY' })
    await waiting.close()
    await consumer.close()
    const tried = await admin.resetOffsets(group, {
      to: { skip: 4 },
      topics: [topic],
      isTrial: true
    })
    deepStrictEqual(
      tried.map(({ partition, offset }) => [partition, offset]),
      [
        [0, 4],
        [1, 0]
      ]
    )
    const positionOf = async (): Promise<number | undefined> =>
      (await admin.group(group)).status.positions.find(each => each.partition === 0)?.offset
    strictEqual(await positionOf(), 10)
    const missing = admin.resetOffsets(group, { to: 'end', topics: [topic], partitions: [0, 9] })
    await rejects(missing, { code: 'PARTITION_UNKNOWN' })
    strictEqual(await positionOf(), 10)
    await admin.resetOffsets(group, { to: { last: 3 }, topics: [topic], partitions: [0] })
    strictEqual(await positionOf(), 7)
    ok((await admin.groups()).some(each => each.name === group))
    await admin.deleteGroup(group)
    ok(!(await admin.groups()).some(each => each.name === group))
    await rejects(admin.group(group), { code: 'GROUP_UNKNOWN' })
    await rejects(admin.deleteGroup(group), { code: 'GROUP_UNKNOWN' })
  })
}

/** Adds the cases of transactions. */
export function transactionCases(add: AddCase): void {
  add(
    'records of a transaction are seen when it is committed, and never when it is not',
    async (kit, { writesAhead }) => {
      const topic = await kit.topic(2)
      const producer = kit.closing(
        await kit.client.producer({ types: TEXTS, transactionalId: kit.name() })
      )
      await producer.transaction(async scope => {
        await scope.send([{ topic, value: 'a', partition: 0 }])
        await scope.send([{ topic, value: 'b', partition: 1 }])
        deepStrictEqual(await kit.values(topic), [])
      })
      const failed = producer.transaction(async scope => {
        await scope.send([{ topic, value: 'lost', partition: 0 }])
        throw new Error('no')
      })
      await rejects(failed, /no/)
      await producer.transaction(scope => scope.send([{ topic, value: 'c', partition: 0 }]))
      deepStrictEqual((await kit.settled(topic, 3)).toSorted(), ['a', 'b', 'c'])
      const all = (await kit.values(topic, { isolation: 'uncommitted' })).toSorted()
      deepStrictEqual(all, writesAhead ? ['a', 'b', 'c', 'lost'] : ['a', 'b', 'c'])
    }
  )

  add('many transactions in small fetches: committed readers see no aborted record', async kit => {
    const topic = await kit.topic()
    const producer = kit.closing(
      await kit.client.producer({ types: TEXTS, transactionalId: kit.name() })
    )
    const kept: string[] = []
    for (let turn = 0; turn < 12; turn++) {
      const values = numbers(5).map(value => `${turn}.${value}`.padEnd(100, '.'))
      const isKept = turn % 3 !== 0
      if (isKept) kept.push(...values)
      await producer
        .transaction(async scope => {
          for (const value of values) await scope.send([{ topic, value }])
          if (!isKept) throw new Error('no')
        })
        .catch(() => undefined)
    }
    deepStrictEqual(
      await kit.settled(topic, kept.length, { maxBytes: 300, partitionMaxBytes: 300 }),
      kept
    )
  })

  add('what is read, what is written and the position are one step', async kit => {
    const [from, to, group] = [await kit.topic(2), await kit.topic(), kit.name()]
    const producer = kit.closing(await kit.client.producer({ types: TEXTS }))
    for (const [at, value] of numbers(30).entries()) {
      await producer.send({ topic: from, value, partition: at % 2 })
    }
    const transactionalId = kit.name()
    let crashes = 0
    for (let left = 30; left > 0;) {
      const consumer = await member(kit, from, group, { delivery: 'exactly-once', maxBytes: 200 })
      const writer = kit.closing(await kit.client.producer({ types: TEXTS, transactionalId }))
      try {
        for (let step = 0; left > 0; step++) {
          const batch = await consumer.nextBatch()
          await writer.transaction(async scope => {
            await scope.send(batch!.map(({ value }) => ({ topic: to, value: `done ${value}` })))
            await scope.consumed(consumer)
            if (step === 1 && crashes < 4) throw new Error('crash')
          })
          left -= batch!.length
        }
      } catch {
        crashes++
      }
      await writer.close()
      await consumer.close()
    }
    ok(crashes > 0)
    deepStrictEqual(
      (await kit.settled(to, 30)).toSorted(),
      numbers(30)
        .map(value => `done ${value}`)
        .toSorted()
    )
  })

  add('a rebalance in the middle of such steps loses and doubles nothing', async kit => {
    const [from, to, group] = [await kit.topic(2), await kit.topic(), kit.name()]
    const values = numbers(40)
    const source = kit.closing(await kit.client.producer({ types: TEXTS }))
    await source.sendAll(values.map((value, at) => ({ topic: from, value, partition: at % 2 })))
    const options = { delivery: 'exactly-once', maxBytes: 300 }
    const one = await member(kit, from, group, options)
    const copied = new Set<string>()
    /** Copies what a member gets; what is refused because partitions moved comes again. */
    const copy = async (
      consumer: Consumer<string, string>,
      between: () => Promise<void>
    ): Promise<void> => {
      const producer = kit.closing(
        await kit.client.producer({ types: TEXTS, transactionalId: kit.name() })
      )
      for await (const batch of consumer.batches()) {
        try {
          await producer.transaction(async scope => {
            await scope.send(batch.map(({ value }) => ({ topic: to, value })))
            await between()
            await scope.consumed(consumer)
          })
          for (const { value } of batch) copied.add(value!)
        } catch (error) {
          strictEqual((error as { code?: string }).code, 'GROUP_REBALANCED', String(error))
        }
      }
    }
    const joining = Promise.withResolvers<Consumer<string, string>>()
    const first = copy(one, async () => {
      if (one.partitions.length < 2 || copied.size === 0) return
      const other = await member(kit, from, group, options)
      await until(() => one.partitions.length === 1)
      joining.resolve(other)
    })
    const other = await joining.promise
    const second = copy(other, () => Promise.resolve())
    await until(() => copied.size === values.length)
    await Promise.all([one.close(), other.close()])
    await Promise.all([first, second])
    deepStrictEqual((await kit.settled(to, values.length)).toSorted(), values.toSorted())
  })

  add('positions of several consumers go with one transaction', async kit => {
    const topics = [await kit.topic(), await kit.topic()]
    const consumers: Consumer<string, string>[] = []
    for (const topic of topics) {
      await kit.write(topic, ['a', 'b'])
      consumers.push(await member(kit, topic, `${topic}-g`, { delivery: 'exactly-once' }))
    }
    const producer = kit.closing(await kit.client.producer({ transactionalId: kit.name() }))
    for (let turn = 0; turn < 2; turn++) {
      for (const consumer of consumers) await consumer.next()
      await producer.transaction(async scope => {
        for (const consumer of consumers) await scope.consumed(consumer)
        for (const consumer of consumers) await scope.consumed(consumer)
      })
    }
    for (const topic of topics) {
      const positions = await kit.client.admin.group(`${topic}-g`)
      deepStrictEqual(
        positions.status.positions.map(each => each.offset),
        [2]
      )
    }
  })

  add('a later producer of the same id fences the earlier one', async kit => {
    const topic = await kit.topic()
    const transactionalId = kit.name()
    const first = kit.closing(await kit.client.producer({ types: TEXTS, transactionalId }))
    await first.transaction(scope => scope.send([{ topic, value: 'first' }]))
    const second = kit.closing(await kit.client.producer({ types: TEXTS, transactionalId }))
    await second.transaction(scope => scope.send([{ topic, value: 'second' }]))
    await rejects(
      first.transaction(scope => scope.send([{ topic, value: 'late' }])),
      { code: 'PRODUCER_FENCED' }
    )
    await second.transaction(scope => scope.send([{ topic, value: 'third' }]))
    deepStrictEqual(await kit.settled(topic, 3), ['first', 'second', 'third'])
  })

  add('a producer that comes back under its id goes on', async kit => {
    const topic = await kit.topic()
    const transactionalId = kit.name()
    for (const value of ['one', 'two', 'three']) {
      const producer = await kit.client.producer({ types: TEXTS, transactionalId })
      await producer.transaction(scope => scope.send([{ topic, value }]))
      await producer.close()
    }
    deepStrictEqual(await kit.settled(topic, 3), ['one', 'two', 'three'])
  })

  add('sends beside an open transaction are refused', async kit => {
    const topic = await kit.topic()
    const producer = kit.closing(
      await kit.client.producer({ types: TEXTS, transactionalId: kit.name() })
    )
    await producer.transaction(async scope => {
      await rejects(producer.send({ topic, value: 'beside' }), { code: 'USAGE' })
      await rejects(
        producer.transaction(() => Promise.resolve()),
        { code: 'USAGE' }
      )
      await Promise.all(numbers(5).map(value => scope.send([{ topic, value }])))
    })
    deepStrictEqual(await kit.settled(topic, 5), numbers(5))
    const plain = kit.closing(await kit.client.producer({ types: TEXTS }))
    await rejects(
      plain.transaction(() => Promise.resolve()),
      { code: 'USAGE' }
    )
  })
}

const PATIENCE_TURNS = 1_500

/** Until a condition holds, which others bring about in their own time. */
async function until(condition: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let turns = 0
  const timer = setInterval(() => {
    if (!condition() && ++turns < PATIENCE_TURNS) return
    clearInterval(timer)
    if (condition()) resolve()
    else reject(new Error(`in vain: ${condition}`))
  }, 20)
  await promise
}
