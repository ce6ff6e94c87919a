// What a user is told whom Kafka's protocol refuses: which right is missing, and the command that grants it.
import { isMillraceError, MillraceError } from '../../base/index.ts'
import type { Profile } from '../../client/index.ts'
import type { Right } from '../../server/index.ts'

/**
 * An error, with the right that is missing and what grants it where it is a refusal. `wanted` is what the command does
 * with the topics that it names: who may not even know of one needs that, too.
 */
export async function withGrant(
  error: unknown,
  profile: Profile,
  wanted: 'read' | 'write' | undefined
): Promise<unknown> {
  if (!isMillraceError(error, 'ACCESS_DENIED') || profile.kind === 'embedded') return error
  const { operation, kind, name } = error.details as Partial<Right>
  if (operation === undefined || kind === undefined || name === undefined) return error
  const isLess = kind === 'topic' && operation === 'describe' && wanted !== undefined
  const right: Right = { operation: isLess ? wanted : operation, kind, name }
  const user = profile.sasl?.username ?? null
  const principal = `User:${user ?? 'NAME'}`
  const { grantCommand } = await import('../../server/index.ts')
  const command =
    profile.kind === 'server'
      ? grantCommand(principal, right)
      : kafkaCommand(principal, right, profile.bootstrap.join(','))
  const sentence =
    `${user === null ? 'this user' : principal} may not ${right.operation} the ${kind} ${name}; expected a rule that ` +
    `allows it, and none that denies it; an administrator adds one by: ${command}`
  return new MillraceError(error.code, sentence, { details: { ...right }, cause: error })
}

/** The same of Kafka's own tool, for a cluster of others. */
function kafkaCommand(
  principal: string,
  { operation, kind, name }: Right,
  bootstrap: string
): string {
  const word = operation.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
  const resource = kind === 'cluster' ? '--cluster' : `--${kind} '${name}'`
  return (
    `kafka-acls.sh --bootstrap-server ${bootstrap} --add --allow-principal '${principal}' --operation ${word} ` +
    resource
  )
}
