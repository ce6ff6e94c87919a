// The text of secrets, read when it is needed and held no longer than by who asked.
import { isMillraceError, MillraceError, type Disk, type Environment } from '../../base/index.ts'
import type { Secret } from './profile.ts'

/** Where secrets are looked for. */
export interface SecretSources {
  readonly environment: Environment
  readonly disk: Disk
}

/**
 * The text of `secret`; `what` names it for people, as in "the password of profile east".
 * @throws PROFILE_SECRET its variable is not set, or its file cannot be read
 */
export async function secretText(
  secret: Secret,
  what: string,
  { environment, disk }: SecretSources
): Promise<string> {
  if ('value' in secret) return secret.value
  if ('env' in secret) {
    const text = environment.variables[secret.env]
    if (text !== undefined && text !== '') return text
    throw missing(what, `the environment variable ${secret.env} is not set`, 'set it')
  }
  try {
    const bytes = await disk.readFile(secret.file)
    const text = new TextDecoder().decode(bytes).replace(/[\r\n]+$/, '')
    if (text !== '') return text
  } catch (error) {
    if (!isMillraceError(error)) throw error
    throw missing(what, `the file ${secret.file} cannot be read`, 'make it readable')
  }
  throw missing(what, `the file ${secret.file} is empty`, 'write it')
}

function missing(what: string, happened: string, todo: string): MillraceError {
  return new MillraceError(
    'PROFILE_SECRET',
    `${what} is not there: ${happened}; expected was its text; ${todo}, or change the profile`
  )
}
