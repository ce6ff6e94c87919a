// `millrace list`: the deployments of a server.
import type { DeploymentReport } from '../../server/index.ts'
import { chosenServer } from '../target/api-client.ts'
import type { ServerOptions } from '../target/api-client.ts'
import { formatBytes, note, printList, type ListFormat } from '../output/output.ts'

/** What the parser gives. */
export interface ListOptions extends ServerOptions {
  readonly output: ListFormat
}

/** Prints all deployments. */
export async function list(options: ListOptions): Promise<number> {
  const server = await chosenServer(options)
  const answer = await server.call<{ readonly deployments: readonly DeploymentReport[] }>(
    'GET',
    '/api/v1/deployments'
  )
  const { deployments } = answer
  await printList(deployments, {
    output: options.output,
    columns: ['deployment', 'version', 'status', 'dataflows', 'functions', 'size', 'updated'],
    row: ({ name, version, status, dataflows, application, bytes, updatedAt }) => [
      name,
      version,
      status,
      dataflows.map(one => one.name).join(', ') || null,
      application,
      formatBytes(bytes),
      new Date(updatedAt).toISOString().replace(/\.\d+Z$/, 'Z')
    ],
    none: `Nothing is deployed on ${server.url}.`
  })
  for (const { name, status, reason } of options.output === 'table' ? deployments : []) {
    if (reason !== null) note(`${name} (${status}): ${reason}`)
  }
  return 0
}
