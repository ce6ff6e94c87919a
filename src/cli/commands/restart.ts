// `millrace restart`: ends the tasks of a deployment and starts them again.
import type { DeploymentReport } from '../../server/index.ts'
import { chosenServer } from '../target/api-client.ts'
import type { ServerOptions } from '../target/api-client.ts'
import { note } from '../output/output.ts'

/** Restarts a deployment; also one that was stopped or failed. */
export async function restart(name: string, options: ServerOptions): Promise<number> {
  const server = await chosenServer(options)
  const path = `/api/v1/deployments/${encodeURIComponent(name)}/restart`
  const { version } = await server.call<DeploymentReport>('POST', path)
  note(`${name}: version ${version} runs`)
  return 0
}
