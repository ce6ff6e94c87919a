// Whose the names of dataflows and applications are: they keep positions and dead letters by them.
import { MillraceError } from '../../base/index.ts'
import type { StoredDeployment } from './store.ts'

/** Names with the deployments that have them. */
export class NameOwners {
  readonly #owners = new Map<string, string>()

  /** Takes names for a deployment beside those that it has. @throws DEPLOYMENT_CONFLICT another one has one of them */
  claim(deployment: string, names: readonly string[]): void {
    for (const name of names) {
      const owner = this.#owners.get(name)
      if (owner === undefined || owner === deployment) continue
      throw new MillraceError(
        'DEPLOYMENT_CONFLICT',
        `the deployment ${owner} has a dataflow or application called ${name} already; expected another name: ` +
          'change it under meta, name the application of a module (kind: io.millrace.application.v1), or delete ' +
          owner
      )
    }
    for (const name of names) this.#owners.set(name, deployment)
  }

  /** Leaves a deployment these names and no others. */
  settle(deployment: string, names: readonly string[]): void {
    for (const [name, owner] of this.#owners) {
      if (owner === deployment && !names.includes(name)) this.#owners.delete(name)
    }
    for (const name of names) this.#owners.set(name, deployment)
  }
}

/** Names that a deployment has by its record. */
export function namesOfRecord({
  dataflows,
  application
}: Pick<StoredDeployment, 'dataflows' | 'application'>): readonly string[] {
  const names = dataflows.map(({ name }) => name)
  return application === null ? names : [...names, application]
}
