// DescribeUserScramCredentials and AlterUserScramCredentials: users by Kafka's tools (KIP-554).
import { isMillraceError, messageOf } from '../../../base/index.ts'
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

type Upsertion = RequestOf<'AlterUserScramCredentials'>['upsertions'][number]
type Described = Sparse<ResponseOf<'DescribeUserScramCredentials'>['results'][number]>
type Altered = Sparse<ResponseOf<'AlterUserScramCredentials'>['results'][number]>

const SALT_BYTES_MAX = 1_024
/** 1 is SCRAM-SHA-256, 2 SCRAM-SHA-512. */
const mechanismOf = (code: number): ScramMechanism | undefined => SCRAM_MECHANISMS[code - 1]

/** Answers DescribeUserScramCredentials. */
export const handleDescribeUserScramCredentials: Handler<'DescribeUserScramCredentials'> = (
  { security },
  request,
  { identity }
) => {
  if (!security.allowsCluster(identity, 'describe')) {
    const errorMessage = `${identity.principal} may not describe the cluster`
    return { errorCode: ERROR_CODES.CLUSTER_AUTHORIZATION_FAILED, errorMessage }
  }
  const asked = request.users?.map(user => user.name) ?? null
  const known = new Map(security.users.list().map(user => [user.name, user]))
  const names = asked === null || asked.length === 0 ? [...known.keys()] : asked
  const results = [...new Set(names)].map((name): Described => {
    const user = known.get(name)
    if (names.indexOf(name) !== names.lastIndexOf(name)) {
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
  { identity }
) => {
  const changes = [...request.deletions, ...request.upsertions]
  const names = [...new Set(changes.map(each => each.name))]
  if (!context.security.allowsCluster(identity, 'alter')) {
    const errorMessage = `${identity.principal} may not alter the cluster`
    const errorCode = ERROR_CODES.CLUSTER_AUTHORIZATION_FAILED
    return { results: names.map(user => ({ user, errorCode, errorMessage })) }
  }
  const results: Altered[] = []
  for (const user of names) {
    const own = changes.filter(each => each.name === user)
    const isTwice = new Set(own.map(each => each.mechanism)).size < own.length
    const outcome = isTwice
      ? refused(ERROR_CODES.DUPLICATE_RESOURCE, 'a mechanism of the user is named twice')
      : await alter(context, user, request)
    results.push({ user, ...outcome })
  }
  return { results }
}

interface Outcome {
  readonly errorCode: number
  readonly errorMessage: string | null
}

const refused = (errorCode: number, errorMessage: string): Outcome => ({ errorCode, errorMessage })

async function alter(
  { security }: BrokerContext,
  name: string,
  { deletions, upsertions }: RequestOf<'AlterUserScramCredentials'>
): Promise<Outcome> {
  const added = upsertions.filter(each => each.name === name)
  const removed = deletions.filter(each => each.name === name)
  const fault = [...added, ...removed].some(each => mechanismOf(each.mechanism) === undefined)
    ? refused(ERROR_CODES.UNSUPPORTED_SASL_MECHANISM, 'there are SCRAM-SHA-256 and SCRAM-SHA-512')
    : (added.map(faultOf).find(each => each !== null) ?? null)
  if (fault !== null) return fault
  try {
    for (const { mechanism, salt, saltedPassword, iterations } of added) {
      const known = mechanismOf(mechanism)!
      const credential = credentialOf(known, saltedPassword, salt, iterations)
      await security.users.setCredential(name, known, credential)
    }
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return refused(ERROR_CODES.UNACCEPTABLE_CREDENTIAL, messageOf(error))
  }
  for (const { mechanism } of removed) {
    if (await security.users.removeCredential(name, mechanismOf(mechanism)!)) continue
    return refused(ERROR_CODES.RESOURCE_NOT_FOUND, `${name} has no such credential`)
  }
  return { errorCode: ERROR_CODES.NONE, errorMessage: null }
}

const unacceptable = (message: string): Outcome =>
  refused(ERROR_CODES.UNACCEPTABLE_CREDENTIAL, message)

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
