// What dataflows and services of a plan say beside their streams, as options of the builder.
import type { DataflowMigration, ErrorPolicy, ServicePlan } from '../../dataflow/plan.ts'
import { durationText, options, quoted } from './literals.ts'

const DEFAULT_ERRORS: ErrorPolicy = {
  policy: 'dead-letter',
  retries: 0,
  backoffMs: 100,
  backoffMaxMs: 10_000
}

/** `migrate` of a dataflow. */
export function fileMigration({ drop, abandon }: DataflowMigration): string {
  return options({ drop: listText(drop), abandon: listText(abandon) }) || '{}'
}

function listText(names: readonly string[]): string | null {
  return names.length === 0 ? null : `[${names.map(quoted).join(', ')}]`
}

/** The options of a service; none where nothing is said. */
export function serviceOptions({ errors, migrate }: ServicePlan): string[] {
  const moved =
    migrate === undefined
      ? null
      : options({
          renameFrom: migrate.renameFrom === null ? null : quoted(migrate.renameFrom),
          drop: migrate.drop ? 'true' : null
        }) || '{}'
  const said = options({ errors: errorsText(errors), migrate: moved })
  return said === '' ? [] : [said]
}

function errorsText(errors: ErrorPolicy): string | null {
  if (JSON.stringify(errors) === JSON.stringify(DEFAULT_ERRORS)) return null
  const { policy, retries, backoffMs, backoffMaxMs } = errors
  const said = options({
    policy: quoted(policy),
    retries: String(retries),
    backoff: quoted(durationText(backoffMs)),
    backoffMax: quoted(durationText(backoffMaxMs))
  })
  return said
}
