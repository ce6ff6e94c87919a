// `millrace delete`: removes a deployment, after saying what goes with it.
import type { DeploymentReport } from '../../server/index.ts'
import { chosenServer } from '../target/api-client.ts'
import type { ServerOptions } from '../target/api-client.ts'
import { confirm } from '../options/confirm.ts'
import { note } from '../output/output.ts'

/** What the parser gives. */
export interface DeleteOptions extends ServerOptions {
  readonly keepState?: boolean
  readonly yes?: boolean
}

/** Deletes a deployment; 1 when nobody agreed. */
export async function deleteDeployment(name: string, options: DeleteOptions): Promise<number> {
  const server = await chosenServer(options)
  const path = `/api/v1/deployments/${encodeURIComponent(name)}`
  const { dataflows, application } = await server.call<DeploymentReport>('GET', path)
  const names = [...dataflows.map(one => one.name), ...(application === null ? [] : [application])]
  const { keepState = false } = options
  const states = keepState
    ? `States and positions of ${names.join(', ')} stay: a later deployment goes on from there.`
    : `States, timers and positions of ${names.join(', ')} are deleted with it, which cannot be undone ` +
      '(--keep-state keeps them).'
  const question = `Delete the deployment ${name}? ${states} Topics with records stay.`
  if (options.yes !== true && !(await confirm(question))) {
    note('Nothing was deleted.')
    return 1
  }
  await server.call('DELETE', `${path}${keepState ? '?keepState=true' : ''}`)
  note(`${name}: deleted${keepState ? '; its states stay' : ' with its states'}; its topics stay`)
  return 0
}
