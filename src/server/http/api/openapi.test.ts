// The OpenAPI document: the routes, all of them and nothing else; its schemas are valid; the one in docs is new.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'

import { OPENAPI_PATH, openApiText } from '../../../../scripts/docs/openapi.ts'
import { ServerBench } from './kit.cases.ts'
import { apiRoutes } from './routes/index.ts'

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly schema: object
  }[]
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> }
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, { readonly schema: object }> }
  >
}
interface Document {
  readonly openapi: string
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Record<string, Record<string, Operation & { readonly tags: readonly string[] }>>
  readonly components: { readonly schemas: Record<string, object> }
}

const document = JSON.parse(openApiText()) as Document
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation }))
)

test('the document in docs/reference is up to date: node scripts/generate-docs.ts', () => {
  const root = join(import.meta.dirname, '../../../..')
  strictEqual(readFileSync(join(root, OPENAPI_PATH), 'utf8'), openApiText())
})

test('every route is in the document, and every operation of it is a route', () => {
  const routes = apiRoutes().map(({ method, path }) => `${method} ${path}`)
  const documented = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`)
  deepStrictEqual(documented.toSorted(), routes.toSorted())
  const ids = operations.map(({ operation }) => operation.operationId)
  strictEqual(new Set(ids).size, ids.length)
  const tags = new Set(document.tags.map(({ name }) => name))
  for (const { operation } of operations) ok(operation.tags.every(tag => tags.has(tag)))
})

test('parameters of paths are declared, and all schemas are valid', () => {
  strictEqual(document.openapi, '3.1.0')
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false })
  ajv.addKeyword('components')
  ajv.addSchema({ $id: 'document', components: document.components })
  const compile = (schema: object, place: string): void => {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components')
    try {
      ajv.compile(JSON.parse(text) as object)
    } catch (error) {
      throw new Error(`${place}: ${(error as Error).message}`, { cause: error })
    }
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) compile(schema, name)
  for (const { path, operation } of operations) {
    const { parameters = [], requestBody, responses, operationId } = operation
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1])
    const declared = parameters.filter(one => one.in === 'path').map(({ name }) => name)
    deepStrictEqual(declared, inPath, operationId)
    for (const { schema, name } of parameters) compile(schema, `${operationId} ${name}`)
    for (const { schema } of Object.values(requestBody?.content ?? {})) compile(schema, operationId)
    for (const { content, description } of Object.values(responses)) {
      ok(description !== '')
      for (const { schema } of Object.values(content ?? {})) compile(schema, operationId)
    }
  }
})

test('a server serves the document, and answers each of its operations', async context => {
  const bench = await ServerBench.start(context)
  const served = await bench.get<Document>('/openapi.json')
  deepStrictEqual(served.paths, document.paths)
  for (const { path, method, operation } of operations) {
    // Streams have no end; they have tests of their own.
    if (operation.operationId === 'streamRecords') continue
    const at = path.replaceAll(/\{\w+\}/g, 'none')
    const answer = await bench.call<{ code?: string }>(method.toUpperCase(), at)
    const known = answer.status < 400 || answer.body.code !== 'NOT_FOUND'
    ok(known && answer.status !== 405 && answer.status !== 500, `${method} ${at}: ${answer.status}`)
  }
  strictEqual(await bench.problem('GET', 'socket'), '426 UPGRADE_REQUIRED')
})
