// Users as people write them: `ana` is `User:ana`.
import { MillraceError } from '../../base/index.ts'
import { checkPrincipal, principalOf } from '../../server/index.ts'

/** The principal that an argument names. @throws USAGE it is none */
export function principalArgument(option: string, text: string): string {
  const principal = text.startsWith('User:') ? text : principalOf(text)
  try {
    checkPrincipal(principal)
    return principal
  } catch (error) {
    throw new MillraceError(
      'USAGE',
      `${option} ${text}: it takes a user, as in ana or "User:CN=ana,O=Acme"`,
      { cause: error }
    )
  }
}
