// One call of a remote function with its handshake: again with the states that it asks for, until it answers.
import { FUNCTION_HANDSHAKES_MAX, MillraceError } from '../../../base/index.ts'
import type { Effects } from '../../sdk/index.ts'
import { type AddressState, slotOf } from '../address-state.ts'
import type { FunctionEndpoint } from '../contract.ts'
import type { Envelope } from '../envelope.ts'
import { type FunctionEntry, checkTypes } from '../function-table.ts'

/** What a call is about. */
export interface RemoteCall {
  /** Messages of one address. */
  readonly envelopes: readonly Envelope[]
  /** The address' values. */
  readonly state: AddressState
  /** Values that have expired by then are not there, ms since the epoch. */
  readonly beganAt: number
  readonly signal: AbortSignal
  /** The function has asked for states, which are known from now on. */
  onLearnt(entry: FunctionEntry): void
}

/**
 * The effects of a batch.
 * @throws FUNCTION_HANDSHAKE it never stops asking · FUNCTION_STATE_CONFLICT, STATE_TYPE_CHANGED · what `call` of the
 *   endpoint throws
 */
export async function callRemote(
  entry: FunctionEntry,
  endpoint: FunctionEndpoint,
  { envelopes, state, beganAt, signal, onLearnt }: RemoteCall
): Promise<Effects> {
  const { target, key } = envelopes[0]!
  const invocations = envelopes.map(({ caller, argument }) => ({ caller, argument }))
  for (let round = 0; round < FUNCTION_HANDSHAKES_MAX; round++) {
    const values = entry.specs.map(({ name }) => {
      const slot = slotOf(state, name, beganAt)
      if (slot === null) return { name, value: null }
      return { name, value: { typename: slot.typename, bytes: slot.encoded() } }
    })
    const batch = { target, state: values, invocations }
    const reply = await endpoint.call(batch, signal, entry.observe)
    if (reply.kind === 'effects') return reply.effects
    entry.learn(reply.specs)
    onLearnt(entry)
    if (state.length > 0) checkTypes(entry, key, state, beganAt)
  }
  throw new MillraceError(
    'FUNCTION_HANDSHAKE',
    `${entry.typename} asked for missing values in ${FUNCTION_HANDSHAKES_MAX} answers to one batch; expected its ` +
      `effects once it has the values that it declares; correct the SDK or the function's specs`,
    { details: { typename: entry.typename } }
  )
}
