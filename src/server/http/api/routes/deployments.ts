// Routes of deployments: deploy files, list, stop, restart, delete, and what they say.
import { BUNDLE_BYTES_MAX, SETTINGS_DEFAULT } from '../../../deployments/index.ts'
import type {
  BundledFile,
  DeploymentLogLine,
  DeploymentSettings,
  Deployments,
  LogRing
} from '../../../deployments/index.ts'
import { bytesOfBase64 } from '../../../text/base64.ts'
import { HttpError } from '../../errors.ts'
import { EndlessAnswer } from '../endless-answer.ts'
import type { ApiHost } from '../host.ts'
import type { ApiRequest } from '../request.ts'
import { API, gives, inPath, inQuery, needs, ok } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'
import { named } from '../schema.ts'

const TAG = 'deployments'
/** Base64 takes four bytes for three. */
const BODY_BYTES_MAX = Math.ceil((BUNDLE_BYTES_MAX * 4) / 3) + 4 * 1024 * 1024
const NAME = inPath('name', 'Name of the deployment.')
const LINES_MAX = 10_000
const NDJSON = 'application/x-ndjson'

/** A bundle as JSON carries it. */
interface DeployBody {
  readonly files: readonly {
    readonly path: string
    readonly text?: string
    readonly base64?: string
  }[]
  readonly entries: readonly string[]
  readonly functionFiles?: readonly string[]
  readonly settings?: Partial<DeploymentSettings>
}

function deploymentsOf(host: ApiHost): Deployments {
  if (host.deployments !== null) return host.deployments
  const message =
    'deployments belong to a server; this is a run of files: start one with millrace start'
  throw new HttpError(404, 'NOT_A_SERVER', message)
}

async function deploy(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const deployments = deploymentsOf(host)
  const body = await request.json<DeployBody>()
  const outcome = await deployments.deploy(request.named('name'), {
    bundle: {
      files: body.files.map(fileOf),
      entries: body.entries,
      functionFiles: body.functionFiles ?? []
    },
    settings: { ...SETTINGS_DEFAULT, ...body.settings },
    dryRun: request.flag('dryRun')
  })
  return { status: outcome.outcome === 'created' ? 201 : 200, body: outcome }
}

/** @throws 400 it is not one of text and base64 */
function fileOf({ path, text, base64 }: DeployBody['files'][number]): BundledFile {
  const bytes = base64 === undefined ? Buffer.from(text ?? '') : bytesOfBase64(base64)
  if (bytes !== null && (text === undefined) !== (base64 === undefined)) return { path, bytes }
  const message = `the file ${JSON.stringify(path)} has no bytes; expected "text", or "base64" of some`
  throw new HttpError(400, 'BODY_INVALID', message)
}

async function list(request: ApiRequest, host: ApiHost): Promise<ApiAnswer> {
  const all = deploymentsOf(host).list()
  return ok({ deployments: all.filter(({ name }) => request.may('describe', 'dataflow', name)) })
}

async function logs(request: ApiRequest, host: ApiHost): Promise<ApiAnswer | null> {
  const { log } = deploymentsOf(host).get(request.named('name'))
  const tail = textOf(log.tail(request.number('lines')!))
  if (request.flag('follow')) return follow(request, host, log, tail)
  return { status: 200, body: tail, contentType: NDJSON }
}

/** Goes on with new lines until the caller leaves, or the deployment is deleted. */
async function follow(
  request: ApiRequest,
  { clock }: ApiHost,
  log: LogRing,
  tail: string
): Promise<null> {
  const waiting: DeploymentLogLine[] = []
  let wake: (() => void) | null = null
  const forget = log.listen(line => {
    // Who reads slowly loses the oldest lines, which are in the files.
    if (waiting.push(line) > LINES_MAX) waiting.shift()
    wake?.()
  })
  const signal = AbortSignal.any([request.signal, log.ended])
  signal.addEventListener('abort', () => wake?.(), { once: true })
  const answer = new EndlessAnswer(request, clock, NDJSON)
  try {
    await answer.send(tail)
    while (waiting.length > 0 || !signal.aborted) {
      await answer.send(textOf(waiting.splice(0)))
      if (waiting.length === 0 && !signal.aborted) {
        await new Promise<void>(resolve => void (wake = resolve))
      }
    }
  } finally {
    forget()
    answer.end()
  }
  return null
}

function textOf(lines: readonly DeploymentLogLine[]): string {
  return lines.map(line => `${JSON.stringify(line)}\n`).join('')
}

const REPORT = { 'application/json': named('Deployment') }

/** The routes. */
export const DEPLOYMENT_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/deployments`,
    id: 'listDeployments',
    tag: TAG,
    summary: 'List deployments',
    answers: gives('The deployments by name.', {
      type: 'object',
      properties: { deployments: { type: 'array', items: named('Deployment') } }
    }),
    access: null,
    handle: list
  },
  {
    method: 'PUT',
    path: `${API}/deployments/{name}`,
    id: 'deploy',
    tag: TAG,
    summary: 'Deploy dataflows and modules, in place of those of that name',
    description:
      'The files must hold everything that they need. They are checked as a run checks them; then the old version ' +
      'commits what it has begun and ends, and the new one goes on from there. Where it does not start, the old one ' +
      'runs again. The same files with the same settings change nothing.',
    parameters: [NAME, inQuery('dryRun', 'Only check.', { type: 'boolean', default: false })],
    body: {
      description: 'The files, which of them are run, and how.',
      content: { 'application/json': named('NewDeployment') },
      bytesMax: BODY_BYTES_MAX
    },
    answers: {
      200: {
        description: 'It runs, or was checked.',
        content: { 'application/json': named('DeployOutcome') }
      },
      201: {
        description: 'It is new, and runs.',
        content: { 'application/json': named('DeployOutcome') }
      }
    },
    access: needs('create', 'dataflow', 'name'),
    handle: deploy
  },
  {
    method: 'GET',
    path: `${API}/deployments/{name}`,
    id: 'describeDeployment',
    tag: TAG,
    summary: 'Describe a deployment',
    parameters: [NAME],
    answers: { 200: { description: 'The deployment.', content: REPORT } },
    access: needs('describe', 'dataflow', 'name'),
    handle: (request, host) => ok(deploymentsOf(host).get(request.named('name')).report())
  },
  {
    method: 'POST',
    path: `${API}/deployments/{name}/stop`,
    id: 'stopDeployment',
    tag: TAG,
    summary: 'Stop a deployment; it stays stopped when the server starts again',
    parameters: [NAME],
    answers: {
      200: { description: 'It has committed what it had begun, and stopped.', content: REPORT }
    },
    access: needs('alter', 'dataflow', 'name'),
    handle: async (request, host) => ok(await deploymentsOf(host).stop(request.named('name')))
  },
  {
    method: 'POST',
    path: `${API}/deployments/{name}/restart`,
    id: 'restartDeployment',
    tag: TAG,
    summary:
      'Stop the tasks of a deployment and start them again; also one that was stopped or failed',
    parameters: [NAME],
    answers: { 200: { description: 'It runs.', content: REPORT } },
    access: needs('alter', 'dataflow', 'name'),
    handle: async (request, host) => ok(await deploymentsOf(host).restart(request.named('name')))
  },
  {
    method: 'DELETE',
    path: `${API}/deployments/{name}`,
    id: 'deleteDeployment',
    tag: TAG,
    summary: 'Delete a deployment with its states; topics with the records of users stay',
    parameters: [
      NAME,
      inQuery(
        'keepState',
        'Keep states and positions for a later deployment of the same dataflows.',
        {
          type: 'boolean',
          default: false
        }
      )
    ],
    answers: { 204: { description: 'It is gone.' } },
    access: needs('delete', 'dataflow', 'name'),
    handle: async (request, host) => {
      await deploymentsOf(host).remove(request.named('name'), {
        keepState: request.flag('keepState')
      })
      return { status: 204, body: null }
    }
  },
  {
    method: 'GET',
    path: `${API}/deployments/{name}/logs`,
    id: 'deploymentLogs',
    tag: TAG,
    summary: 'What a deployment said, a line of JSON each',
    parameters: [
      NAME,
      inQuery('lines', 'How many of the newest.', {
        type: 'integer',
        minimum: 0,
        maximum: LINES_MAX,
        default: 100
      }),
      inQuery('follow', 'Go on with new ones.', { type: 'boolean', default: false })
    ],
    answers: {
      200: {
        description: 'Lines, oldest first.',
        content: { 'application/x-ndjson': named('LogLine') }
      }
    },
    access: needs('describe', 'dataflow', 'name'),
    handle: logs
  }
]
