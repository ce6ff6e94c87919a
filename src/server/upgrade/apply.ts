// Carries an upgrade out before the tasks start: values are written anew, the record changes, what is old is removed.
//
//   1  the record says what is going to be built          removing += names that no state ever had
//   2  new values are written under those names           the old ones stay; a crash here leaves both
//   3  the record changes in one commit (U2)              from here on the new values are the state
//   4  what is old is removed, then the record forgets it
//
// A start that finds the record of 1 removes what was built and begins again; one that finds that of 3 goes on with 4.
// Each step may be done twice.
import { changelogTopicName } from '../../runtime/index.ts'
import type { Upgrade } from './compare.ts'
import { type ApplyOptions, OpenTask } from './open-task.ts'
import { type DataflowRecord, ensureRecordsTopic, writeRecord } from './record.ts'
import { rewriteState, rewriteSpec } from './rewrite.ts'

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
    const building = rewrites.map(({ to }) => to.stored)
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
  const { plan, rewrites } = upgrade
  const counts = new Map<string, number>()
  for (let task = 0; task < before.tasks; task++) {
    await OpenTask.with(plan, task, rewrites.map(rewriteSpec), options, async open => {
      for (const rewrite of rewrites) {
        const { stored } = rewrite.to
        const count = await rewriteState(open, rewrite, options)
        counts.set(stored, (counts.get(stored) ?? 0) + count)
      }
    })
  }
  for (const { to } of rewrites) {
    const count = counts.get(to.stored) ?? 0
    options.onDone(
      `${to.service}.${to.name}`,
      `${count} ${count === 1 ? 'value' : 'values'} migrated`
    )
  }
}

/** Removes what no state has any more, and then says so in the record. */
async function remove(upgrade: Upgrade, options: ApplyOptions): Promise<void> {
  const { after, removals, plan } = upgrade
  const { log, clock } = options
  const topics = await log.listTopics({ internal: true })
  const changelog = topics.find(({ name }) => name === changelogTopicName(plan))
  for (let task = 0; task < (changelog?.spec.partitions ?? 0); task++) {
    await OpenTask.with(plan, task, [], options, open => open.remove(removals))
  }
  const retired = [...new Set([...after.retired, ...removals])]
  await writeRecord(log, clock, { ...after, removing: [], retired })
}
