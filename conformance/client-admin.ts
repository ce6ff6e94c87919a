// Administration: objects with name, spec, status and owner.
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'

import type { AddCase } from './client-kit.ts'

/** Adds the cases. */
export function adminCases(add: AddCase): void {
  add('a topic is created, described, listed, configured, grown and deleted', async kit => {
    const { admin } = kit.client
    const name = kit.name()
    const made = await admin.createTopic(name, {
      partitions: 2,
      configs: { 'cleanup.policy': 'compact', 'retention.ms': '86400000' }
    })
    strictEqual(made.kind, 'topic')
    strictEqual(made.name, name)
    strictEqual(made.spec.partitions, 2)
    strictEqual(made.spec.configs['cleanup.policy'], 'compact')
    strictEqual(made.spec.configs['retention.ms'], '86400000')
    strictEqual(made.status.resolution, 'provisioned')
    strictEqual(made.status.records, 0)
    strictEqual(made.owner, null)
    for (const internal of [false, true]) {
      ok((await admin.topics({ internal })).some(topic => topic.name === name))
    }
    const changed = await admin.configure(name, {
      'retention.ms': null,
      'cleanup.policy': 'delete'
    })
    strictEqual(changed.spec.configs['retention.ms'], undefined)
    const cleanup = (await admin.configs(name)).find(each => each.name === 'cleanup.policy')
    strictEqual(cleanup?.value, 'delete')
    strictEqual((await admin.addPartitions(name, 5)).spec.partitions, 5)
    await admin.deleteTopic(name)
    await rejects(admin.topic(name), { code: 'TOPIC_UNKNOWN' })
    ok(!(await admin.topics()).some(topic => topic.name === name))
  })

  add(
    'internal topics are listed on request, and neither read nor changed',
    async (kit, { internalTopics }) => {
      const { admin } = kit.client
      const [topic, group] = [await kit.topic(), kit.name()]
      await kit.write(topic, ['a'])
      const member = kit.closing(await kit.client.consumer({ topics: [topic], group }))
      await member.next()
      await member.commit()
      ok((await admin.topics()).every(({ spec }) => !spec.internal))
      const found = (await admin.topics({ internal: true })).filter(({ spec }) => spec.internal)
      const names = found.map(({ name }) => name)
      deepStrictEqual(
        names.filter(name => internalTopics.includes(name)),
        internalTopics
      )
      strictEqual(names.length === 0, internalTopics.length === 0)
      for (const { name, spec, status } of found) {
        strictEqual(status.resolution, 'provisioned')
        deepStrictEqual((await admin.topic(name)).spec, spec)
        strictEqual((await admin.partitions(name)).length, spec.partitions)
        const offsets = await admin.offsets(name)
        deepStrictEqual(
          offsets.map(({ partition }) => partition),
          [...Array(spec.partitions).keys()]
        )
        ok(offsets.every(({ start, end }) => 0 <= start && start <= end))
        const read = async (): Promise<unknown> =>
          await kit.closing(await kit.client.consumer({ topics: [name] })).next()
        for (const call of [
          read,
          () => admin.configure(name, { 'retention.ms': '1' }),
          () => admin.addPartitions(name, 99)
        ]) {
          await rejects(call(), { code: 'TOPIC_UNKNOWN' }, `${name}: ${String(call)}`)
        }
      }
      for (const name of internalTopics) {
        ok(found.find(each => each.name === name)!.status.records > 0, name)
      }
    }
  )

  add('what is not possible is refused with its reason', async kit => {
    const { admin } = kit.client
    const name = await kit.topic(2)
    await rejects(admin.createTopic(name), { code: 'TOPIC_EXISTS' })
    await rejects(admin.createTopic('not/a/name'), { code: 'TOPIC_INVALID' })
    await rejects(admin.createTopic(kit.name(), { partitions: -5 }), { code: 'TOPIC_INVALID' })
    await rejects(admin.createTopic(kit.name(), { configs: { 'retention.ms': 'soon' } }), {
      code: 'CONFIG_INVALID'
    })
    await rejects(admin.configure(name, { 'no.such.thing': '1' }), { code: 'CONFIG_INVALID' })
    await rejects(admin.addPartitions(name, 2), { code: 'TOPIC_INVALID' })
    const missing = kit.name()
    for (const call of [
      () => admin.deleteTopic(missing),
      () => admin.topic(missing),
      () => admin.configs(missing),
      () => admin.configure(missing, { 'retention.ms': '1' }),
      () => admin.addPartitions(missing, 3),
      () => admin.partitions(missing),
      () => admin.offsets(missing)
    ]) {
      await rejects(call(), { code: 'TOPIC_UNKNOWN' }, String(call))
    }
  })

  add('partitions are owned by their topic and held by SPUs', async kit => {
    const { admin } = kit.client
    const topic = await kit.topic(2)
    await kit.write(topic, ['a', 'b', 'c'])
    const partitions = await admin.partitions(topic)
    deepStrictEqual(
      partitions.map(({ name, owner, status }) => [
        name,
        owner,
        status.resolution,
        status.endOffset
      ]),
      [
        [`${topic}-0`, { kind: 'topic', name: topic }, 'online', 3],
        [`${topic}-1`, { kind: 'topic', name: topic }, 'online', 0]
      ]
    )
    const [spu] = await admin.spus()
    strictEqual(partitions[0]!.status.leader, spu!.spec.id)
    strictEqual(spu!.status.resolution, 'online')
    ok(spu!.status.leads >= 2)
    const [group] = await admin.spuGroups()
    deepStrictEqual(spu!.owner, { kind: 'spu-group', name: group!.name })
    deepStrictEqual(group!.status.spus, [spu!.name])
    strictEqual((await admin.topic(topic)).status.records, 3)
  })
}
