// `millrace spu`: the nodes that hold partitions, and their groups.
import { withClient } from '../target/open-client.ts'
import { printList } from '../output/output.ts'
import type { PrintOptions } from './topic.ts'

/** Prints the SPUs. */
export async function spuList(options: PrintOptions): Promise<number> {
  const spus = await withClient(options, client => client.admin.spus(), { isLooking: true })
  const columns = ['spu', 'id', 'endpoint', 'rack', 'status', 'controller', 'leads', 'holds']
  await printList(spus, {
    output: options.output,
    columns: [...columns, 'group'],
    row: ({ name, spec, status, owner }) => [
      name,
      spec.id,
      spec.endpoint.port === 0 ? spec.endpoint.host : `${spec.endpoint.host}:${spec.endpoint.port}`,
      spec.rack,
      status.resolution,
      status.controller ? 'yes' : null,
      status.leads,
      status.holds,
      owner?.name ?? null
    ],
    none: 'No SPUs.'
  })
  return 0
}

/** Prints the groups of SPUs. */
export async function spuGroups(options: PrintOptions): Promise<number> {
  const groups = await withClient(options, client => client.admin.spuGroups(), { isLooking: true })
  await printList(groups, {
    output: options.output,
    columns: ['group', 'replicas', 'status', 'spus'],
    row: ({ name, spec, status }) => [
      name,
      spec.replicas,
      status.resolution,
      status.spus.join(' ')
    ],
    none: 'No groups of SPUs.'
  })
  return 0
}
