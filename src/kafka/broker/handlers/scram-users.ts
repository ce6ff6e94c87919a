// DescribeUserScramCredentials and AlterUserScramCredentials: users by Kafka's tools (KIP-554).
import {
  SCRAM_ITERATIONS_MAX,
  SCRAM_ITERATIONS_MIN,
  SCRAM_MECHANISMS,
  credentialOf,
  keyBytes,
  type ScramMechanism
} from '../../../security/index.ts'
import { ERROR_CODES, type RequestOf, type ResponseOf, type Sparse } from '../../wire/index.ts'
import type { BrokerContext, Handler } from '../context.ts'
import { repeated } from '../distinct.ts'
import { DONE, outcomeOfError, refusal, type Outcome } from '../error-of.ts'
import { securityRefusal } from '../security/permission.ts'

type Upsertion = RequestOf<'AlterUserScramCredentials'>['upsertions'][number]
type Change = Upsertion | RequestOf<'AlterUserScramCredentials'>['deletions'][number]
type Described = Sparse<ResponseOf<'DescribeUserScramCredentials'>['results'][number]>
type Altered = Sparse<ResponseOf<'AlterUserScramCredentials'>['results'][number]>

const SALT_BYTES_MAX = 1_024
/** 1 is SCRAM-SHA-256, 2 SCRAM-SHA-512. */
const mechanismOf = (code: number): ScramMechanism | undefined => SCRAM_MECHANISMS[code - 1]

/** Answers DescribeUserScramCredentials. */
export const handleDescribeUserScramCredentials: Handler<'DescribeUserScramCredentials'> = (
  context,
  request,
  caller
) => {
  const denied = securityRefusal(context, caller, 'describe')
  if (denied !== null) return denied
  const asked = request.users?.map(user => user.name) ?? null
  const known = new Map(context.security.users.list().map(user => [user.name, user]))
  const names = asked === null || asked.length === 0 ? [...known.keys()] : asked
  const twice = repeated(names, name => name)
  const results = [...new Set(names)].map((name): Described => {
    const user = known.get(name)
    if (twice.has(name)) {
      return { user: name, errorCode: ERROR_CODES.DUPLICATE_RESOURCE, errorMessage: 'named twice' }
    }
    if (user === undefined) {
      const errorMessage = `there is no user ${name}`
      return { user: name, errorCode: ERROR_CODES.RESOURCE_NOT_FOUND, errorMessage }
    }
    const credentialInfos = user.mechanisms.map(({ mechanism, iterations }) => {
      return { mechanism: 1 + SCRAM_MECHANISMS.indexOf(mechanism), iterations }
    })
    return { user: name, errorMessage: null, credentialInfos }
  })
  return { errorMessage: null, results }
}

/** Answers AlterUserScramCredentials. Passwords were salted by the client; what is kept is made of that. */
export const handleAlterUserScramCredentials: Handler<'AlterUserScramCredentials'> = async (
  context,
  request,
  caller
) => {
  const byUser = Map.groupBy<string, Change>(
    [...request.deletions, ...request.upsertions],
    each => each.name
  )
  const denied = securityRefusal(context, caller, 'alter')
  if (denied !== null) return { results: [...byUser.keys()].map(user => ({ user, ...denied })) }
  const results: Altered[] = []
  for (const [user, changes] of byUser) {
    results.push({ user, ...(await alter(context, user, changes)) })
  }
  return { results }
}

/** Changes all that is asked of one user, or nothing. */
async function alter(
  { security: { users } }: BrokerContext,
  name: string,
  changes: readonly Change[]
): Promise<Outcome> {
  const fault = faultOfAll(changes, mechanism => users.credential(name, mechanism) !== undefined)
  if (fault !== null) return fault
  try {
    // Those that are added first: with the last credential a user goes.
    for (const change of changes.toSorted((a, b) => Number('salt' in b) - Number('salt' in a))) {
      const mechanism = mechanismOf(change.mechanism)!
      if ('salt' in change) {
        const { saltedPassword, salt, iterations } = change
        const credential = credentialOf(mechanism, saltedPassword, salt, iterations)
        await users.setCredential(name, mechanism, credential)
      } else await users.removeCredential(name, mechanism)
    }
    return DONE
  } catch (error) {
    return outcomeOfError(error)
  }
}

function faultOfAll(
  changes: readonly Change[],
  has: (mechanism: ScramMechanism) => boolean
): Outcome | null {
  if (repeated(changes, each => String(each.mechanism)).size > 0) {
    return refusal(ERROR_CODES.DUPLICATE_RESOURCE, 'a mechanism of the user is named twice')
  }
  for (const change of changes) {
    const mechanism = mechanismOf(change.mechanism)
    if (mechanism === undefined) {
      const message = 'there are SCRAM-SHA-256 and SCRAM-SHA-512'
      return refusal(ERROR_CODES.UNSUPPORTED_SASL_MECHANISM, message)
    }
    const missing = refusal(ERROR_CODES.RESOURCE_NOT_FOUND, `there is no ${mechanism} of the user`)
    const fault = 'salt' in change ? faultOf(change) : has(mechanism) ? null : missing
    if (fault !== null) return fault
  }
  return null
}

const unacceptable = (message: string): Outcome =>
  refusal(ERROR_CODES.UNACCEPTABLE_CREDENTIAL, message)

function faultOf({ mechanism, iterations, salt, saltedPassword }: Upsertion): Outcome | null {
  if (iterations < SCRAM_ITERATIONS_MIN || iterations > SCRAM_ITERATIONS_MAX) {
    return unacceptable(
      `${iterations} iterations; expected ${SCRAM_ITERATIONS_MIN} to ${SCRAM_ITERATIONS_MAX}`
    )
  }
  if (salt.length === 0 || salt.length > SALT_BYTES_MAX) {
    return unacceptable(`a salt of ${salt.length} bytes; expected 1 to ${SALT_BYTES_MAX}`)
  }
  const bytes = keyBytes(mechanismOf(mechanism)!)
  return saltedPassword.length === bytes
    ? null
    : unacceptable(`a salted password of ${saltedPassword.length} bytes; expected ${bytes}`)
}
