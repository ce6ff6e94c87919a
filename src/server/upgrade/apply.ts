// Carries an upgrade out before the tasks start: values are written anew, the record changes, what is old is removed.
//
//   1  the record says what is going to be built          removing += names that no state ever had
//   2  new values are written under those names           the old ones stay; a crash here leaves both
//   3  the record changes in one commit (U2)              from here on the new values are the state
//   4  what is old is removed, then the record forgets it
//
// A start that finds the record of 1 removes what was built and begins again; one that finds that of 3 goes on with 4.
// Each step may be done twice.
import type { Clock } from '../../base/index.ts'
import type { CommitBatch } from '../../log/log.ts'
import { BatchBuilder } from '../../record/index.ts'
import { changelogTopicName, opaqueSpec } from '../../runtime/index.ts'
import { emptyStateKeys, type KeyedState } from '../../state/index.ts'
import { leftoverOf, type Upgrade } from './compare.ts'
import { type ApplyOptions, KEYS_AT_ONCE, type OpenTask, withTask } from './open-task.ts'
import { rewriteState, rewriteSpecs } from './rewrite.ts'
import { type DataflowRecord, ensureRecordsTopic, type Leftover, writeRecord } from './record.ts'

/**
 * Carries `upgrade` out, as far as there is something to do. Resolves when all of it is durable.
 * @throws MIGRATION_FAILED a value could not be made: the old state is still there, and nothing has changed
 */
export async function applyUpgrade(upgrade: Upgrade, options: ApplyOptions): Promise<void> {
  const { before, after, rewrites, removals } = upgrade
  const { log, clock } = options
  const isSame = before !== null && JSON.stringify(before) === JSON.stringify(after)
  if (isSame && rewrites.length === 0 && removals.length === 0) return
  await ensureRecordsTopic(log)
  if (before !== null && rewrites.length > 0) {
    const building = rewrites.map(({ to }) => leftoverOf(to))
    const { generation } = after
    await writeRecord(log, clock, {
      ...before,
      generation,
      removing: [...before.removing, ...building]
    })
    await rewriteAll(upgrade, before, options)
  }
  if (!isSame) await writeRecord(log, clock, after)
  if (removals.length > 0) await remove(upgrade, options)
}

async function rewriteAll(
  upgrade: Upgrade,
  before: DataflowRecord,
  options: ApplyOptions
): Promise<void> {
  const counts = new Map<string, number>()
  for (let task = 0; task < before.tasks; task++) {
    await withTask(
      upgrade.plan,
      task,
      upgrade.rewrites.flatMap(rewriteSpecs),
      options,
      async open => {
        for (const rewrite of upgrade.rewrites) {
          const { stored } = rewrite.to
          const count = await rewriteState(open, rewrite, options)
          counts.set(stored, (counts.get(stored) ?? 0) + count)
        }
      }
    )
  }
  for (const { to } of upgrade.rewrites) {
    const count = counts.get(to.stored) ?? 0
    options.onDone(
      `${to.service}.${to.name}`,
      `${count} ${count === 1 ? 'value' : 'values'} migrated`
    )
  }
}

/** Removes what no state has any more, and then says so in the record. */
async function remove(upgrade: Upgrade, options: ApplyOptions): Promise<void> {
  const { after, removals } = upgrade
  const { log, clock } = options
  const names = removals.map(({ stored }) => stored)
  const topic = changelogTopicName(upgrade.plan)
  const topics = await log.listTopics({ internal: true })
  const partitions = topics.find(({ name }) => name === topic)?.spec.partitions ?? 0
  const specs = removals.map(one => opaqueSpec(one.stored, one.fingerprint, one.windowed))
  for (let task = 0; task < partitions; task++) {
    await withTask(upgrade.plan, task, specs, options, async open => {
      for (const leftover of removals) await clear(open, leftover)
    })
  }
  const last = tombstones(names, clock)
  const ends = Array.from({ length: partitions }, (_, partition): CommitBatch => {
    return { topic, partition, batch: Buffer.from(last) }
  })
  const retired = [...new Set([...after.retired, ...names])]
  await writeRecord(log, clock, { ...after, removing: [], retired }, ends)
}

async function clear(open: OpenTask, { stored, windowed }: Leftover): Promise<void> {
  if (windowed) {
    const state = open.state.namespaced(stored)
    for (const namespace of state.namespaces()) {
      state.clear(namespace)
      await open.commitSome()
    }
    return
  }
  const state: KeyedState = open.state.state(stored)
  for (;;) {
    const keys = await state.keysFrom('', KEYS_AT_ONCE)
    if (keys.length === 0) return
    for (const key of keys) {
      state.delete(key)
      await open.commitSome()
    }
  }
}

/** What is left of states without keys, removed. */
function tombstones(names: readonly string[], clock: Clock): Buffer {
  const builder = new BatchBuilder()
  for (const key of names.flatMap(emptyStateKeys)) builder.append(clock.now(), key, null)
  return builder.build()
}
