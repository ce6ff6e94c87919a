// Routes of the server itself: whether it lives and is ready, its counters, the document of the API.
import { openApiDocument } from '../openapi.ts'
import { metricsText } from '../metrics.ts'
import { needs, ok } from '../route.ts'
import type { ApiRoute } from '../route.ts'
import type { RequestCounters } from '../counters.ts'

const HEALTH = {
  'application/json': {
    type: 'object',
    properties: {
      status: { type: 'string', enum: ['ready', 'unready', 'live'] },
      reason: { type: ['string', 'null'] }
    },
    required: ['status']
  }
} as const

/** The routes; `all` gives the routes of the document, these too. */
export function systemRoutes(
  counters: RequestCounters,
  all: () => readonly ApiRoute[]
): readonly ApiRoute[] {
  const ready: Pick<ApiRoute, 'method' | 'tag' | 'summary' | 'answers' | 'access' | 'handle'> = {
    method: 'GET',
    tag: 'system',
    summary: 'Whether requests are served: the log takes records, and deployments have started',
    answers: {
      200: { description: 'It is ready.', content: HEALTH },
      503: { description: 'Requests should go elsewhere for now.', content: HEALTH }
    },
    access: 'public',
    handle: (_request, host) => {
      const reason = host.unready()
      if (reason === null) return ok({ status: 'ready', reason })
      return { status: 503, body: { status: 'unready', reason } }
    }
  }
  return [
    { ...ready, path: '/health', id: 'health' },
    { ...ready, path: '/health/ready', id: 'healthReady' },
    {
      method: 'GET',
      path: '/health/live',
      id: 'healthLive',
      tag: 'system',
      summary: 'Whether the process answers',
      answers: { 200: { description: 'It does.', content: HEALTH } },
      access: 'public',
      handle: () => ok({ status: 'live' })
    },
    {
      method: 'GET',
      path: '/metrics',
      id: 'metrics',
      tag: 'system',
      summary: 'Counters for Prometheus',
      answers: {
        200: {
          description: 'Text of version 0.0.4.',
          content: { 'text/plain': { type: 'string' } }
        }
      },
      access: needs('describe', 'cluster'),
      handle: async (_request, host) => ({
        status: 200,
        body: await metricsText(host, counters),
        contentType: 'text/plain; version=0.0.4; charset=utf-8'
      })
    },
    {
      method: 'GET',
      path: '/openapi.json',
      id: 'openapi',
      tag: 'system',
      summary: 'This document',
      answers: {
        200: { description: 'OpenAPI 3.1.', content: { 'application/json': { type: 'object' } } }
      },
      access: 'public',
      handle: (_request, host) => ok(openApiDocument(all(), host.version))
    }
  ]
}
