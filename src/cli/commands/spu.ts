// `millrace spu`: the nodes that hold partitions, and their groups.
import { withClient } from '../open-client.ts'
import { formatTable, print, serialise } from '../output.ts'
import type { PrintOptions } from './topic.ts'

/** Prints the SPUs. */
export async function spuList(options: PrintOptions): Promise<number> {
  const spus = await withClient(options, client => client.admin.spus(), { isLooking: true })
  if (options.output !== 'table') {
    print(await serialise(spus, options.output))
    return 0
  }
  const rows = spus.map(({ name, spec, status, owner }) => [
    name,
    spec.id,
    spec.endpoint.port === 0 ? spec.endpoint.host : `${spec.endpoint.host}:${spec.endpoint.port}`,
    spec.rack,
    status.resolution,
    status.controller ? 'yes' : null,
    status.leads,
    status.holds,
    owner?.name ?? null
  ])
  const columns = [
    'spu',
    'id',
    'endpoint',
    'rack',
    'status',
    'controller',
    'leads',
    'holds',
    'group'
  ]
  print(formatTable({ columns, rows }))
  return 0
}

/** Prints the groups of SPUs. */
export async function spuGroups(options: PrintOptions): Promise<number> {
  const groups = await withClient(options, client => client.admin.spuGroups(), { isLooking: true })
  if (options.output !== 'table') {
    print(await serialise(groups, options.output))
    return 0
  }
  const rows = groups.map(({ name, spec, status }) => [
    name,
    spec.replicas,
    status.resolution,
    status.spus.join(' ')
  ])
  print(formatTable({ columns: ['group', 'replicas', 'status', 'spus'], rows }))
  return 0
}
