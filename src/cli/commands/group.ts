// `millrace group`: consumer groups, their members and positions.
import { MillraceError } from '../../base/index.ts'
import type { GroupDetails } from '../../client/index.ts'
import { confirm } from '../options/confirm.ts'
import { withClient } from '../target/open-client.ts'
import { counted, formatTable, note, print, printList, serialise } from '../output/output.ts'
import { positionOf } from '../options/positions.ts'
import type { TargetOptions } from '../options/target-options.ts'
import type { PrintOptions } from './topic.ts'

/** Of `group reset-offsets`. */
export interface GroupResetOptions extends PrintOptions {
  readonly to: string
  readonly topic?: readonly string[]
  readonly partition?: readonly number[]
  readonly dryRun?: boolean
}

/** Prints all groups. */
export async function groupList(options: PrintOptions): Promise<number> {
  const groups = await withClient(options, client => client.admin.groups(), { isLooking: true })
  await printList(groups, {
    output: options.output,
    columns: ['group', 'state', 'members', 'type'],
    row: ({ name, spec, status }) => [name, status.state, status.members, spec.type],
    none: 'No groups: nobody has kept a position so far.'
  })
  return 0
}

/** Prints one group with members, positions and lag. */
export async function groupDescribe(name: string, options: PrintOptions): Promise<number> {
  const group = await withClient(options, client => client.admin.group(name), { isLooking: true })
  print(options.output === 'table' ? groupText(group) : await serialise(group, options.output))
  return 0
}

/** Deletes a group with its positions, after asking. */
export async function groupDelete(
  name: string,
  options: TargetOptions & { readonly yes?: boolean }
): Promise<number> {
  return await withClient(options, async ({ admin }) => {
    const { status } = await admin.group(name)
    const positions = counted(status.positions.length, 'position')
    const question = `Delete group ${name} with ${positions}? Its consumers begin anew.`
    if (options.yes !== true && !(await confirm(question))) {
      note('Nothing was deleted.')
      return 1
    }
    await admin.deleteGroup(name)
    note(`Deleted group ${name} with ${positions}.`)
    return 0
  })
}

/** Moves the positions of a group without members. */
export async function groupResetOffsets(name: string, options: GroupResetOptions): Promise<number> {
  const { topic, partition, dryRun } = options
  const to = positionOf('--to', options.to, Date.now())
  if (partition !== undefined && topic?.length !== 1) {
    throw new MillraceError(
      'USAGE',
      '--partition is given without one topic; expected was --topic NAME; name it'
    )
  }
  const positions = await withClient(options, ({ admin }) =>
    admin.resetOffsets(name, {
      to,
      ...(topic === undefined ? {} : { topics: topic }),
      ...(partition === undefined ? {} : { partitions: partition }),
      isTrial: dryRun === true
    })
  )
  const done = dryRun === true ? 'Would move' : 'Moved'
  note(`${done} ${counted(positions.length, 'position')} of group ${name}.`)
  await printList(positions, {
    output: options.output,
    columns: ['topic', 'partition', 'offset'],
    row: ({ topic, partition, offset }) => [topic, partition, offset],
    none: 'No positions.'
  })
  return 0
}

function groupText({ name, spec, status }: GroupDetails): string {
  const members = formatTable({
    columns: ['member', 'client', 'host', 'partitions'],
    rows: status.members.map(({ id, client, host, partitions }) => [
      id,
      client,
      host,
      partitions.map(each => `${each.topic}/${each.partition}`).join(' ')
    ])
  })
  const positions = formatTable({
    columns: ['topic', 'partition', 'offset', 'end', 'lag', 'member'],
    rows: status.positions.map(({ topic, partition, offset, endOffset, lag, member }) => [
      topic,
      partition,
      offset,
      endOffset,
      lag,
      member
    ])
  })
  const head = [`group  ${name}`, `state  ${status.state}`, `type   ${spec.type}`, '']
  return [...head, ...(status.members.length > 0 ? [members, ''] : []), positions].join('\n')
}
