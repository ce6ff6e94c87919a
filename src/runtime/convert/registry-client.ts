// Asks a schema registry of the Confluent API for schemas and ids.
//
//   R1  A schema of an id never changes, so it is kept; ids that are unknown are asked for again after a while.
//   R2  A registry that does not answer, or not with an answer to the question, is asked again with growing waits:
//       reading goes on when it is back. Only "no such id" and "not compatible" are answers.
import { type Clock, MillraceError, isMillraceError, messageOf } from '../../base/index.ts'
import type { RegistryPlan } from '../../dataflow/plan.ts'

/** Schemas that are kept. */
const SCHEMAS_MAX = 1_000
/** How long an unknown id is known to be unknown. */
const UNKNOWN_MS = 10_000
const BACKOFF_MS = 100
const BACKOFF_MAX_MS = 10_000
/** Tries of a start, about half a minute; a running read has no bound. */
const START_TRIES = 8
const ANSWER_MS_MAX = 10_000
const ANSWER_BYTES_MAX = 4 * 1024 * 1024

/** A schema as the registry knows it. */
export interface RegisteredSchema {
  readonly type: 'AVRO' | 'PROTOBUF' | 'JSON'
  readonly text: string
}

/** One answer over HTTP. */
export interface RegistryAnswer {
  readonly status: number
  readonly body: string
}

/** A question over HTTP; `body` is JSON of a POST. */
export interface RegistryQuestion {
  readonly url: string
  readonly body: string | null
  readonly authorization: string | null
  readonly timeoutMs: number
}

/** What a client needs beside the address. */
export interface RegistryOptions {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  onWarning(message: string): void
  /** Asks over HTTP; rejects when there is no answer. Absent: undici. */
  ask?(question: RegistryQuestion): Promise<RegistryAnswer>
}

/** A registry. One per thread and address, shared by its topics. */
export class RegistryClient {
  readonly #plan: RegistryPlan
  readonly #options: RegistryOptions
  readonly #authorization: string | null
  readonly #schemas = new Map<number, Promise<RegisteredSchema>>()
  readonly #unknown = new Map<
    number,
    { readonly asked: Promise<unknown>; readonly until: number }
  >()

  /** @throws REGISTRY_AUTH the environment has not what the file names */
  constructor(plan: RegistryPlan, options: RegistryOptions) {
    this.#plan = plan
    this.#options = options
    this.#authorization = authorizationOf(plan, options.env)
  }

  /**
   * The schema of an id; waits for the registry as long as that takes.
   * @throws SCHEMA_UNKNOWN the registry has no such id · the reason of `signal`
   */
  schema(id: number, signal: AbortSignal): Promise<RegisteredSchema> {
    const unknown = this.#unknown.get(id)
    if (unknown !== undefined && this.#options.clock.monotonic() >= unknown.until) {
      this.#unknown.delete(id)
      if (this.#schemas.get(id) === unknown.asked) this.#schemas.delete(id)
    }
    const known = this.#schemas.get(id)
    if (known !== undefined) {
      // The one that was used longest ago goes first.
      this.#schemas.delete(id)
      this.#schemas.set(id, known)
      return known
    }
    const asked = this.#ask(`/schemas/ids/${id}`, null, { signal, tries: null }).then(answer =>
      schemaOf(answer, id, this.#plan.url)
    )
    this.#schemas.set(id, asked)
    if (this.#schemas.size > SCHEMAS_MAX) this.#dropOldest()
    asked.catch((error: unknown) => this.#forget(id, asked, error))
    return asked
  }

  /**
   * Registers a schema under a subject, where it may be already; gives its id.
   * @throws SCHEMA_INCOMPATIBLE the subject's rule refuses it · REGISTRY_UNREACHABLE after some tries
   */
  async register(subject: string, { type, text }: RegisteredSchema): Promise<number> {
    const body = JSON.stringify(
      type === 'AVRO' ? { schema: text } : { schemaType: type, schema: text }
    )
    const path = `/subjects/${encodeURIComponent(subject)}/versions`
    const answer = await this.#ask(path, body, { signal: null, tries: START_TRIES })
    if (answer.status === 200) return (JSON.parse(answer.body) as { readonly id: number }).id
    throw new MillraceError(
      'SCHEMA_INCOMPATIBLE',
      `the registry ${this.#plan.url} refuses the schema of ${subject}: ${answer.body.slice(0, 500)}; expected one ` +
        'that its compatibility rule takes; change the type compatibly, or the rule of the subject'
    )
  }

  #dropOldest(): void {
    const oldest = this.#schemas.keys().next().value!
    this.#schemas.delete(oldest)
    this.#unknown.delete(oldest)
  }

  /** A wait that ended is not an answer; an unknown id may be registered later (R1). */
  #forget(id: number, asked: Promise<RegisteredSchema>, error: unknown): void {
    const isUnknown = isMillraceError(error, 'SCHEMA_UNKNOWN')
    const until = this.#options.clock.monotonic() + UNKNOWN_MS
    if (isUnknown) this.#unknown.set(id, { asked, until })
    else if (this.#schemas.get(id) === asked) this.#schemas.delete(id)
  }

  /** The answer to a question: 200, or one of those that are about the question. */
  async #ask(
    path: string,
    body: string | null,
    { signal, tries }: { readonly signal: AbortSignal | null; readonly tries: number | null }
  ): Promise<RegistryAnswer> {
    const { clock, onWarning } = this.#options
    const ask = this.#options.ask ?? askOverHttp
    const question = {
      url: this.#plan.url + path,
      body,
      authorization: this.#authorization,
      timeoutMs: ANSWER_MS_MAX
    }
    for (let attempt = 1; ; attempt++) {
      let problem: string
      try {
        const answer = await ask(question)
        if (isAnswer(answer, body !== null)) return answer
        problem = `status ${answer.status}: ${answer.body.slice(0, 200)}`
      } catch (error) {
        problem = messageOf(error)
      }
      const text = `the schema registry ${this.#plan.url} does not answer ${path} (${problem})`
      if (tries !== null && attempt >= tries) {
        throw new MillraceError(
          'REGISTRY_UNREACHABLE',
          `${text} after ${attempt} tries; expected a schema id; start it, or correct registry.url and auth-env`
        )
      }
      if (attempt === 1 || attempt % 10 === 0) onWarning(`${text}; trying again until it does`)
      const waitMs = Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_MAX_MS)
      await clock.sleep(waitMs, signal ?? undefined)
    }
  }
}

/** Whether an answer is one to the question; all others are of a registry that is not well. */
function isAnswer({ status, body }: RegistryAnswer, isWrite: boolean): boolean {
  if (status === 200) return isJson(body)
  if (isWrite) return status === 409 || status === 422
  return status === 404 && body.includes('40403')
}

function isJson(body: string): boolean {
  try {
    return typeof JSON.parse(body) === 'object'
  } catch {
    return false
  }
}

function schemaOf({ status, body }: RegistryAnswer, id: number, url: string): RegisteredSchema {
  if (status === 404) {
    throw new MillraceError(
      'SCHEMA_UNKNOWN',
      `the registry ${url} has no schema with the id ${id}; expected the id of the writer’s schema; ` +
        'see whether the record was written with another registry'
    )
  }
  const { schema, schemaType = 'AVRO' } = JSON.parse(body) as {
    readonly schema: string
    readonly schemaType?: RegisteredSchema['type']
  }
  return { type: schemaType, text: schema }
}

function authorizationOf(
  { url, authEnv }: RegistryPlan,
  env: Readonly<Record<string, string>>
): string | null {
  if (authEnv === null) return null
  const value = env[authEnv]
  if (value === undefined || value === '') {
    throw new MillraceError(
      'REGISTRY_AUTH',
      `the registry ${url} is asked as what ${authEnv} says, which is not in the environment; expected user:password ` +
        `or Bearer <token>; set it, or give --env ${authEnv}=…`
    )
  }
  if (value.startsWith('Bearer ') || value.startsWith('Basic ')) return value
  return `Basic ${Buffer.from(value).toString('base64')}`
}

async function askOverHttp(question: RegistryQuestion): Promise<RegistryAnswer> {
  const { request } = await import('undici')
  const { url, body, authorization, timeoutMs } = question
  const answer = await request(url, {
    method: body === null ? 'GET' : 'POST',
    body,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    headers: {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
      ...(body === null ? {} : { 'content-type': 'application/vnd.schemaregistry.v1+json' }),
      ...(authorization === null ? {} : { authorization })
    }
  })
  const parts: Buffer[] = []
  let length = 0
  for await (const part of answer.body) {
    length += (part as Buffer).length
    if (length > ANSWER_BYTES_MAX) {
      answer.body.destroy()
      throw new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`)
    }
    parts.push(part as Buffer)
  }
  return { status: answer.statusCode, body: Buffer.concat(parts).toString('utf8') }
}
