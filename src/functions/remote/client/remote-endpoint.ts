// Functions behind a URL: batches become requests, failed attempts are repeated while the call's time lasts.
import { FUNCTION_PAYLOAD_ENTRIES_MAX, MillraceError, messageOf } from '../../../base/index.ts'
import { type EndpointPlan, patternText, shownUrl } from '../../module/index.ts'
import type {
  CallAttempt,
  FunctionEndpoint,
  RemoteBatch,
  RemoteReply,
  RemoteValueSpec
} from '../../runtime/contract.ts'
import { type Address, typeName } from '../../sdk/index.ts'
import {
  type FromFunction,
  type RequestReplyCodec,
  UNSET_TYPENAME,
  protocol2,
  protocol3
} from '../wire/index.ts'
import { HttpCaller, type HttpCallerOptions } from './http-caller.ts'

/** Wait before the second attempt in ms by transport; doubles with each. */
const BACKOFF_MS = { async: 4, okhttp: 10 }
/** An endpoint that was away for long is found again within this time. */
const BACKOFF_MS_MAX = 10_000
/** With less time left there is no further attempt. */
const ATTEMPT_MS_MIN = 1

/** The endpoint of a module file as the runtime calls it; `close` it after the application has stopped. */
export class RemoteEndpoint implements FunctionEndpoint {
  readonly functions: string
  readonly maxNumBatchRequests: number
  readonly #options: HttpCallerOptions
  readonly #caller: HttpCaller
  readonly #codec: RequestReplyCodec
  /** States that the module file declares. */
  readonly #declared: readonly RemoteValueSpec[]

  constructor(options: HttpCallerOptions) {
    const { plan } = options
    this.#options = options
    this.#caller = new HttpCaller(options)
    this.#codec = plan.protocol === '2.x' ? protocol2 : protocol3
    this.#declared = plan.states.map(state => ({ ...state, typename: UNSET_TYPENAME }))
    this.functions = patternText(plan)
    // Half the entries of a payload leave room for the states.
    this.maxNumBatchRequests = plan.maxNumBatchRequests ?? FUNCTION_PAYLOAD_ENTRIES_MAX / 2
  }

  /**
   * @throws FUNCTION_CALL_FAILED the last attempt that the call's time has allowed failed, or one that is not to be
   *   repeated · FUNCTION_REQUEST_TOO_LARGE · the signal's reason
   */
  async call(
    batch: RemoteBatch,
    signal: AbortSignal,
    observe: (attempt: CallAttempt) => void = () => {}
  ): Promise<RemoteReply> {
    const missing = this.#undeclared(batch)
    if (missing.length > 0) return { kind: 'missing', specs: missing }
    const { clock, plan } = this.#options
    const { callMs, kind } = plan.transport
    const bytesMax = this.#caller.bytesMax
    const request = this.#codec.encodeToFunction(batch, { bytesMax })
    const deadline = clock.monotonic() + callMs
    let failure: unknown = null
    for (let attempt = 1; ; attempt++) {
      const startMs = clock.monotonic()
      const ended = (failed: boolean): void =>
        observe({ durationMs: clock.monotonic() - startMs, failed })
      try {
        const bytes = await this.#caller.post(batch.target.type, request, deadline, signal)
        const reply = replyOf(this.#codec.decodeFromFunction(bytes, { bytesMax }))
        ended(false)
        return reply
      } catch (error) {
        if (signal.aborted) throw signal.reason
        ended(true)
        // What cut the last attempt short says nothing; what failed before does.
        if (attempt === 1 || !isOutOfTime(error)) failure = error
      }
      const waitMs = Math.min(BACKOFF_MS[kind] * 2 ** (attempt - 1), BACKOFF_MS_MAX)
      const leftMs = deadline - clock.monotonic() - waitMs
      if (leftMs < ATTEMPT_MS_MIN || !isRepeated(plan, failure)) {
        throw callFailed(plan, batch.target, attempt, failure)
      }
      await clock.sleep(waitMs, signal)
    }
  }

  /** Closes all connections; calls under way fail. */
  close(): Promise<void> {
    return this.#caller.close()
  }

  /** States of the module file that the runtime does not know yet: 2.x functions cannot ask for them. */
  #undeclared({ state }: RemoteBatch): readonly RemoteValueSpec[] {
    if (this.#declared.length === 0) return this.#declared
    return this.#declared.filter(({ name }) => !state.some(known => known.name === name))
  }
}

function replyOf(reply: FromFunction): RemoteReply {
  return reply.kind === 'result'
    ? { kind: 'effects', effects: reply.effects }
    : { kind: 'missing', specs: reply.missing }
}

/** `async` repeats what may be another's fault, `okhttp` what promises a later success. */
function isRepeated({ transport }: EndpointPlan, error: unknown): boolean {
  // Lost and refused connections come as errors of undici and of the system.
  if (!(error instanceof MillraceError)) return true
  if (transport.kind === 'okhttp') {
    return error.retriable && error.code !== 'FUNCTION_REPLY_UNDECODABLE'
  }
  return error.retriable || error.code.startsWith('FUNCTION_CALL_')
}

/** Whether the time of the whole call was over. */
function isOutOfTime(error: unknown): boolean {
  return error instanceof MillraceError && error.details['phase'] === 'call'
}

function callFailed(
  plan: EndpointPlan,
  target: Address,
  attempts: number,
  error: unknown
): MillraceError {
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  const code = error instanceof MillraceError ? error.code : 'FUNCTION_CALL_CONNECTION'
  const url = shownUrl(plan.url, target.type)
  return new MillraceError(
    'FUNCTION_CALL_FAILED',
    `${url} ${reasonOf(error)} (${tries}, ${code}); expected the effects of ${typeName(target)}; ` +
      'look at what serves it',
    { cause: error, details: { url, attempts, reason: code } }
  )
}

/** Several addresses that all failed have no message of their own. */
function reasonOf(error: unknown): string {
  if (error instanceof MillraceError) {
    // Others say what is wrong in sentences of their own.
    const isOfCall = error.code.startsWith('FUNCTION_CALL_')
    return isOfCall ? error.message : `failed: ${error.message}`
  }
  const text =
    error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error)
  return `cannot be reached: ${text}`
}
