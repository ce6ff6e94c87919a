// All routes of the API.
import { RequestCounters } from '../counters.ts'
import type { ApiRoute } from '../route.ts'
import { DEPLOYMENT_ROUTES } from './deployments.ts'
import { EVENT_ROUTES } from './events.ts'
import { RECORD_ROUTES } from './records.ts'
import { systemRoutes } from './system.ts'
import { TOPIC_ROUTES } from './topics.ts'

/** The routes, in the order of the document; `counters` are those that metrics show. */
export function apiRoutes(counters: RequestCounters = new RequestCounters()): readonly ApiRoute[] {
  const all: ApiRoute[] = []
  all.push(
    ...RECORD_ROUTES,
    ...EVENT_ROUTES,
    ...TOPIC_ROUTES,
    ...DEPLOYMENT_ROUTES,
    ...systemRoutes(counters, () => all)
  )
  return all
}
