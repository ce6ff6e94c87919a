// The OpenAPI document in docs/reference, from the declarations of the API's routes.
import { apiRoutes, openApiDocument } from '../../src/server/http/api/index.ts'
import { packageVersion } from '../../src/base/index.ts'

/** Where it stands, from the root. */
export const OPENAPI_PATH = 'docs/reference/openapi.json'

/** Its text. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(apiRoutes(), packageVersion()), null, 2)}\n`
}
