// `millrace stop`: ends the tasks of a deployment, which stays stopped.
import type { DeploymentReport } from '../../server/index.ts'
import { chosenServer } from '../target/api-client.ts'
import type { ServerOptions } from '../target/api-client.ts'
import { note } from '../output/output.ts'

/** Stops a deployment; what it has begun is committed. */
export async function stop(name: string, options: ServerOptions): Promise<number> {
  const server = await chosenServer(options)
  const path = `/api/v1/deployments/${encodeURIComponent(name)}/stop`
  const { version } = await server.call<DeploymentReport>('POST', path)
  note(`${name}: version ${version} stopped; millrace restart ${name} starts it again`)
  return 0
}
