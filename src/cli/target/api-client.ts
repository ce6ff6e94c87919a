// Calls of the HTTP API of a server: where it is, who asks, and what came back, errors with their codes.
import { request as requestHttp } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'

import { MillraceError, messageOf } from '../../base/index.ts'
import type { ChosenProfile, HttpAccess } from '../../client/index.ts'
import type { Diagnostic } from '../../dataflow/index.ts'
import { atProfile, chosenProfile, httpOf } from './target.ts'
import type { TargetOptions } from '../options/target-options.ts'

/** Where `millrace start` listens when it is told nothing. */
const URL_DEFAULT = 'http://127.0.0.1:8080'

/** Options of commands that call the API. */
export interface ServerOptions extends TargetOptions {
  readonly server?: string
}

/** Files that the server found to be wrong. */
export class RefusedFiles extends MillraceError {
  readonly diagnostics: readonly Diagnostic[]

  constructor(code: string, message: string, diagnostics: readonly Diagnostic[]) {
    super(code, message)
    this.diagnostics = diagnostics
  }
}

/** The server that options choose: by URL, else by profile, else the one of this machine. @throws USAGE */
export async function chosenServer(options: ServerOptions): Promise<ApiClient> {
  const { server } = options
  if (server !== undefined) {
    if (!/^https?:\/\/[^/?#\s]+\/?$/.test(server)) {
      throw new MillraceError(
        'USAGE',
        `--server ${server}: it takes the URL of a server, as in ${URL_DEFAULT}`
      )
    }
    return new ApiClient({ url: server.replace(/\/$/, ''), token: null, tls: null })
  }
  const chosen = await chosenProfile(options)
  if (chosen.source === 'nobody') {
    return new ApiClient({ url: URL_DEFAULT, token: null, tls: null })
  }
  return await serverOf(chosen)
}

/** The server of a profile. @throws PROFILE_KIND it is none with an HTTP API · PROFILE_SECRET */
export async function serverOf(chosen: ChosenProfile): Promise<ApiClient> {
  return new ApiClient(await httpOf(chosen), chosen)
}

const TOKEN_HINT =
  'millrace token create --user NAME makes one on the machine of the server, and a profile holds it ' +
  '(millrace profile add NAME … --http URL --token-file FILE)'

type Call = [method: string, path: string, body?: unknown, signal?: AbortSignal]

/** A server's API. */
export class ApiClient {
  readonly #access: HttpAccess
  readonly #chosen: ChosenProfile | null

  /** `chosen` is the profile that the access is of; null: there is none. */
  constructor(access: HttpAccess, chosen: ChosenProfile | null = null) {
    this.#access = access
    this.#chosen = chosen
  }

  get url(): string {
    return this.#access.url
  }

  /** Calls it and gives the JSON of the answer; null: there is none. @throws the problem's code, SERVER_UNREACHABLE */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#open(method, path, body)
    const text = await textOf(answer)
    return (text === '' ? null : JSON.parse(text)) as T
  }

  /** The lines of an answer, as they come. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const answer = await this.#open('GET', path, undefined, signal)
    let rest = ''
    answer.setEncoding('utf8')
    try {
      for await (const chunk of answer) {
        const lines = `${rest}${String(chunk)}`.split('\n')
        rest = lines.pop()!
        yield* lines
      }
    } catch (error) {
      if (!signal.aborted) throw this.#unreachable(error)
    }
  }

  async #open(...call: Call): Promise<IncomingMessage> {
    const answer = this.#send(...call)
    return await (this.#chosen === null ? answer : atProfile(this.#chosen, answer))
  }

  async #send(...[method, path, body, signal]: Call): Promise<IncomingMessage> {
    const { url, token, tls } = this.#access
    const headers: Record<string, string> = { accept: 'application/json' }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (token !== null) headers['authorization'] = `Bearer ${token}`
    const bytes = body === undefined ? null : Buffer.from(JSON.stringify(body))
    if (bytes !== null) headers['content-length'] = String(bytes.length)
    const options: RequestOptions = {
      method,
      headers,
      agent: false,
      ...(signal && { signal }),
      ...tls
    }
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(`${url}${path}`, options, resolve)
      outgoing.on('error', error => reject(this.#unreachable(error)))
      outgoing.end(bytes)
    })
    if (answer.statusCode! < 300) return answer
    throw await this.#problemOf(answer)
  }

  async #problemOf(answer: IncomingMessage): Promise<MillraceError> {
    const text = await textOf(answer)
    try {
      const problem = JSON.parse(text) as Partial<Record<'code' | 'detail', string>> & {
        readonly diagnostics?: readonly Diagnostic[]
        readonly error?: { readonly code: string; readonly message: string }
      }
      const code = problem.code ?? problem.error?.code
      const detail = problem.detail ?? problem.error?.message
      if (code !== undefined && detail !== undefined) {
        if (problem.diagnostics !== undefined)
          return new RefusedFiles(code, detail, problem.diagnostics)
        return new MillraceError(
          code,
          code === 'UNAUTHENTICATED' ? `${detail}; ${TOKEN_HINT}` : detail
        )
      }
    } catch {
      // Told below: it is no answer of ours.
    }
    return new MillraceError(
      'SERVER_ANSWER',
      `${this.url} answered ${answer.statusCode} with ${JSON.stringify(text.slice(0, 200))}; ` +
        'expected a millrace server; name its HTTP address'
    )
  }

  #unreachable(error: unknown): MillraceError {
    return new MillraceError(
      'SERVER_UNREACHABLE',
      `${this.url} cannot be reached: ${messageOf(error)}; expected a server there; start one ` +
        '(millrace start), or name another one, as with --profile',
      { cause: error }
    )
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
