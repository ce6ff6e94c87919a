// A request of the API: its parameters, checked against the route's declaration, and its body within bounds.
import type { BodyBudget } from '../exchange.ts'
import { readBody } from '../exchange.ts'
import type { Exchange } from '../exchange.ts'
import { HttpError } from '../errors.ts'
import { assert } from '../../../base/index.ts'
import { CLUSTER_NAME } from '../../../security/index.ts'
import type { Identity, Operation, ResourceKind, Security } from '../../../security/index.ts'
import { forbidden, identityOf } from '../identity.ts'
import { pathWords } from '../routes/path.ts'
import { parseJson } from '../../text/json-text.ts'
import type { ApiRoute, Parameter } from './route.ts'
import { SCHEMAS } from './schemas.ts'
import { faultOf } from './schema.ts'
import type { Schema } from './schema.ts'

type Value = string | number | boolean

/** Operations that change what others rely on. */
const ADMINISTRATION: ReadonlySet<Operation> = new Set([
  'create',
  'delete',
  'alter',
  'alter-configs'
])

/** What requests share. */
export interface RequestScope {
  /** null: everybody who reaches this machine may do everything. */
  readonly security: Security | null
  readonly budget: BodyBudget
  /** Aborts when the server ends: whoever waits is answered. */
  readonly stopping: AbortSignal
}

/** A request whose parameters are as declared. */
export class ApiRequest {
  readonly exchange: Exchange
  readonly route: ApiRoute
  /** Aborts when the caller is gone, or wants no body, or the server ends. */
  readonly signal: AbortSignal
  readonly #values: ReadonlyMap<string, Value>
  readonly #scope: RequestScope
  #identity: Identity | null = null
  /** Resources that the request is to change. */
  readonly #administered: string[] = []
  readonly #gone = new AbortController()

  /** @throws 400 a parameter is not what the route declares */
  constructor(exchange: Exchange, route: ApiRoute, scope: RequestScope) {
    this.exchange = exchange
    this.route = route
    this.#scope = scope
    this.#values = readParameters(exchange, route)
    const { incoming, outgoing } = exchange.env
    outgoing.once('close', () => this.#gone.abort())
    // Who asks for the head alone waits for nothing.
    if (incoming.method === 'HEAD') this.#gone.abort()
    this.signal = AbortSignal.any([this.#gone.signal, scope.stopping])
  }

  /**
   * Finds out who asks, and whether they may do what the route says; asked again by answers that go on for long.
   * @throws 401, 403
   */
  authorise(): void {
    const { security } = this.#scope
    const { access, parameters = [] } = this.route
    if (security === null || access === 'public') return
    this.#identity = identityOf(security, this.exchange.env.incoming)
    if (access === null) return
    const { operation, kind, by } = access
    assert(
      by.every(name => parameters.some(one => one.name === name)),
      'the route declares what names its resource'
    )
    const name = kind === 'cluster' ? CLUSTER_NAME : by.map(one => this.named(one)).join('/')
    this.require(operation, kind, name)
  }

  /** @throws 403 unless the caller may do it */
  require(operation: Operation, kind: ResourceKind, name: string): void {
    const { security } = this.#scope
    if (security === null || this.#identity === null) return
    if (ADMINISTRATION.has(operation)) this.#administered.push(`${kind}:${name}`)
    if (!security.allows(this.#identity, operation, kind, name)) {
      throw forbidden(this.#identity.principal, operation, kind, name)
    }
  }

  /** Names more of what the request is to change, for the audit log. */
  about(resources: readonly string[]): void {
    this.#administered.push(...resources)
  }

  /** Notes what an administrator asked for, and what became of it; other requests are not noted. */
  noteAdministration(status: number): void {
    const { security } = this.#scope
    if (security === null || this.#identity === null || this.#administered.length === 0) return
    const { principal, host, door } = this.#identity
    security.audit.note({
      kind: 'admin',
      principal,
      host,
      door,
      action: this.route.id,
      resources: this.#administered,
      outcome: status < 400 ? 'ok' : String(status)
    })
  }

  /** Whether the caller may do it, without a note of a denial: for what is left out of lists. */
  may(operation: Operation, kind: ResourceKind, name: string): boolean {
    const { security } = this.#scope
    if (security === null || this.#identity === null) return true
    return security.mightAllow(this.#identity, operation, kind, name)
  }

  /** A text parameter; its default, or null where it is not given. */
  text(name: string): string | null {
    return (this.#values.get(name) as string | undefined) ?? null
  }

  /** A parameter of the path. */
  named(name: string): string {
    return this.#values.get(name) as string
  }

  /** A number parameter; null where it is not given and has no default. */
  number(name: string): number | null {
    return (this.#values.get(name) as number | undefined) ?? null
  }

  /** A flag. */
  flag(name: string): boolean {
    return this.#values.get(name) === true
  }

  /** Any parameter of the declaration that was given. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The media type of the body, in lower case, without parameters; '' for none. */
  get mediaType(): string {
    const header = this.exchange.env.incoming.headers['content-type'] ?? ''
    return header.split(';', 1)[0]!.trim().toLowerCase()
  }

  /** Whether the caller prefers a media type to JSON. */
  accepts(mediaType: string): boolean {
    return (this.exchange.env.incoming.headers.accept ?? '').includes(mediaType)
  }

  /**
   * Reads the body and gives it to `use`; its bytes count until that has ended.
   * @throws 413, 415, 400 see {@link readBody}; 415 a media type that is not declared
   */
  async withBody<T>(use: (bytes: Uint8Array) => Promise<T> | T): Promise<T> {
    const { bytesMax, content } = this.route.body!
    const known = Object.keys(content)
    if (this.mediaType !== '' && !known.includes(this.mediaType)) {
      const message = `a body of ${this.mediaType}; expected ${known.join(' or ')}`
      throw new HttpError(415, 'CONTENT_TYPE', message)
    }
    const body = await readBody(this.exchange, bytesMax, this.#scope.budget)
    try {
      return await use(body.bytes)
    } finally {
      body.release()
    }
  }

  /** The body as JSON that fits the declaration; an empty one is `{}` where the body may be left out. */
  json<T>(): Promise<T> {
    return this.withBody(bytes => {
      const { content, isOptional } = this.route.body!
      if (bytes.length === 0 && isOptional === true) return {} as T
      const value = jsonOf(bytes)
      const fault = faultOf(content['application/json']!, value, SCHEMAS)
      if (fault !== null) throw new HttpError(400, 'BODY_INVALID', fault)
      return value as T
    })
  }
}

/** A body's JSON; integers beyond 2^53 come as bigints. @throws 400 */
export function jsonOf(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new HttpError(400, 'BODY_INVALID', 'the body is no UTF-8 text; expected JSON')
  }
  try {
    return parseJson(text)
  } catch (error) {
    const message = (error as Error).message.replace(
      'found a line that is no JSON',
      'the body is no JSON'
    )
    throw new HttpError(400, 'BODY_INVALID', message)
  }
}

function readParameters(exchange: Exchange, route: ApiRoute): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>()
  const words = pathWords(exchange)
  const template = route.path.slice(1).split('/')
  const query = queryOf(exchange)
  const declared = route.parameters ?? []
  for (const parameter of declared) {
    const { name, schema } = parameter
    const given = givenText(parameter, {
      exchange,
      query,
      word: words[template.indexOf(`{${name}}`)]
    })
    const value = given === null ? (schema.default ?? null) : valueOf(parameter, given)
    if (value !== null) values.set(name, value)
  }
  const known = declared.filter(one => one.in === 'query').map(one => one.name)
  for (const name of query.keys()) {
    if (known.includes(name)) continue
    const expected = known.length === 0 ? 'none' : known.join(', ')
    throw invalid(`an unknown query parameter ${JSON.stringify(name)}; expected ${expected}`)
  }
  return values
}

function queryOf({ env }: Exchange): URLSearchParams {
  const url = env.incoming.url ?? ''
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1).split('#', 1)[0])
}

function givenText(
  parameter: Parameter,
  from: {
    readonly exchange: Exchange
    readonly query: URLSearchParams
    readonly word: string | undefined
  }
): string | null {
  if (parameter.in === 'path') return from.word ?? null
  if (parameter.in === 'header') {
    const header = from.exchange.env.incoming.headers[parameter.name.toLowerCase()]
    return header === undefined ? null : [header].flat().join(', ')
  }
  const all = from.query.getAll(parameter.name)
  if (all.length > 1)
    throw invalid(`the query parameter ${parameter.name} stands there twice; expected it once`)
  return all[0] ?? null
}

function valueOf({ name, schema }: Parameter, text: string): Value {
  const value = typedValue(schema, text)
  const fault = faultOf(schema, value, SCHEMAS, `the parameter ${name}`)
  if (fault !== null) throw invalid(fault)
  return value
}

function typedValue({ type }: Schema, text: string): Value {
  if (type === 'integer' || type === 'number') {
    const value = Number(text)
    return text.trim() === '' || Number.isNaN(value) ? text : value
  }
  if (type !== 'boolean') return text
  // A flag alone, as in `?internal`, is on.
  return text === '' || text === 'true' ? true : text === 'false' ? false : text
}

function invalid(message: string): HttpError {
  return new HttpError(400, 'PARAMETER_INVALID', message)
}
