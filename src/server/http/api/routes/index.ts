// All routes of the API.
import { RequestCounters } from '../counters.ts'
import type { ApiRoute } from '../route.ts'
import { DATAFLOW_ROUTES } from './dataflows.ts'
import { DEPLOYMENT_ROUTES } from './deployments.ts'
import { EVENT_ROUTES } from './events.ts'
import { FUNCTION_ROUTES } from './functions.ts'
import { GROUP_ROUTES } from './groups.ts'
import { RECORD_ROUTES } from './records.ts'
import { SECURITY_ROUTES } from './security.ts'
import { SOCKET_ROUTES } from './socket.ts'
import { SQL_ROUTES } from './sql.ts'
import { systemRoutes } from './system.ts'
import { TOPIC_ROUTES } from './topics.ts'

/** The routes, in the order of the document; `counters` are those that metrics show. */
export function apiRoutes(counters: RequestCounters = new RequestCounters()): readonly ApiRoute[] {
  const all: ApiRoute[] = []
  all.push(
    ...RECORD_ROUTES,
    ...EVENT_ROUTES,
    ...SOCKET_ROUTES,
    ...TOPIC_ROUTES,
    ...GROUP_ROUTES,
    ...DEPLOYMENT_ROUTES,
    ...DATAFLOW_ROUTES,
    ...FUNCTION_ROUTES,
    ...SQL_ROUTES,
    ...SECURITY_ROUTES,
    ...systemRoutes(counters, () => all)
  )
  return all
}
