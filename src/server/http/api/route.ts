// What a route of the API is: one declaration from which it is routed, checked, authorised and documented.
import type { Operation, ResourceKind } from '../../../security/index.ts'
import type { ApiHost } from './host.ts'
import type { ApiRequest } from './request.ts'
import type { Schema } from './schema.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A value that stands in the path, the query or a header. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly schema: Schema
}

/** What a request may carry, by its media type. */
export interface RequestBody {
  readonly description: string
  readonly content: Readonly<Record<string, Schema>>
  readonly bytesMax: number
  readonly isOptional?: boolean
}

/** A response that is no error. */
export interface AnswerDeclaration {
  readonly description: string
  readonly content?: Readonly<Record<string, Schema>>
}

/** What a caller must be allowed: an operation on a resource that the request names. */
export interface Access {
  readonly operation: Operation
  readonly kind: ResourceKind
  /** The parameters that make the resource's name, with slashes between them; none: the cluster. */
  readonly by: readonly string[]
}

/** What a handler gives; null: it has answered, or goes on answering, itself. */
export interface ApiAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON; null: no body. */
  readonly body: object | string | Uint8Array | null
  readonly contentType?: string
}

/** A route. */
export interface ApiRoute {
  readonly method: Method
  /** With parameters in braces, each a whole word: `/api/v1/topics/{topic}`. */
  readonly path: string
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly body?: RequestBody
  readonly answers: Readonly<Record<string, AnswerDeclaration>>
  /**
   * null: the handler asks itself, because the body names the resource or a list leaves some out; 'public': nobody is
   * asked who they are.
   */
  readonly access: Access | null | 'public'
  handle(request: ApiRequest, host: ApiHost): Promise<ApiAnswer | null> | ApiAnswer
}

/** What is allowed of the resource that parameters name. */
export function needs(operation: Operation, kind: ResourceKind, ...by: readonly string[]): Access {
  return { operation, kind, by }
}

/** An answer of 200 with JSON. */
export function ok(body: object): ApiAnswer {
  return { status: 200, body }
}

/** The declaration of such an answer. */
export function gives(
  description: string,
  schema: Schema
): Readonly<Record<string, AnswerDeclaration>> {
  return { 200: { description, content: { 'application/json': schema } } }
}

/** A parameter of the path. */
export function inPath(
  name: string,
  description: string,
  schema: Schema = { type: 'string' }
): Parameter {
  return { name, in: 'path', description, schema: { minLength: 1, ...schema } }
}

/** A parameter of the query. */
export function inQuery(name: string, description: string, schema: Schema): Parameter {
  return { name, in: 'query', description, schema }
}

/** Beginning of the API's own paths. */
export const API = '/api/v1'
