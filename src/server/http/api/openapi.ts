// The OpenAPI document of the API, from the declarations of its routes.
import type { ApiRoute, Parameter } from './route.ts'
import { SCHEMAS } from './schemas.ts'
import { named } from './schema.ts'

const TAGS: Readonly<Record<string, string>> = {
  records: 'Writing and reading records.',
  topics: 'Topics and their partitions.',
  groups: 'Groups and their positions.',
  deployments: 'Dataflows and modules that run inside the server.',
  dataflows: 'What runs, how far it is, its states.',
  functions: 'Stateful functions, their values and delayed messages.',
  sql: 'Questions about states in SQL.',
  security: 'Users, tokens and access rules.',
  system: 'The server itself.'
}

/** The document, as data. */
export function openApiDocument(routes: readonly ApiRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const item = (paths[route.path] ??= {})
    item[route.method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'millrace',
      version,
      description:
        'The HTTP API of a millrace server, and of a run with --http. Errors are problem details (RFC 9457) with a ' +
        'stable code. What is acknowledged is durable.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    },
    servers: [{ url: 'http://127.0.0.1:8080' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }, {}],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'Where the server asks who calls.'
        }
      }
    }
  }
}

function operationOf(route: ApiRoute): object {
  const { id, tag, summary, description, parameters = [], body, answers, access } = route
  const responses = Object.entries(answers).map(([status, answer]) => [
    status,
    {
      description: answer.description,
      ...(answer.content === undefined ? {} : { content: content(answer.content) })
    }
  ])
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterOf) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            description: body.description,
            required: body.isOptional !== true,
            content: content(body.content)
          }
        }),
    responses: {
      ...Object.fromEntries(responses),
      default: {
        description: 'An error.',
        content: { 'application/problem+json': { schema: named('Problem') } }
      }
    },
    ...(access === 'public' ? { security: [] } : {})
  }
}

function parameterOf({ name, in: place, description, schema }: Parameter): object {
  return { name, in: place, description, required: place === 'path', schema }
}

function content(types: Readonly<Record<string, object>>): object {
  return Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]))
}
