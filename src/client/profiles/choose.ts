// Which profile counts: what is named on the spot, else the environment, else the file, else the folder's own data.
import { isMillraceError, MillraceError, type Environment } from '../../base/index.ts'
import type { Profile } from './profile.ts'
import { checkAddress } from './read-profile.ts'
import type { ProfileStore } from './store.ts'

/** Variable that names the profile where nothing else does. */
const PROFILE_VARIABLE = 'MILLRACE_PROFILE'
/** Data directory of commands when no profile is there at all. */
const DATA_DIR_DEFAULT = '.millrace'
/** Port on which `millrace start` answers HTTP when it is told nothing. */
const HTTP_PORT_DEFAULT = 8080

/** What a caller names; at most one of them. */
export interface ProfileChoice {
  readonly profile?: string
  /** `host:port`, several with commas: a server without TLS and names. */
  readonly bootstrap?: string
  readonly dataDir?: string
}

/** Who chose a profile: the caller, `MILLRACE_PROFILE`, the file (its current profile), or nobody. */
export type ProfileSource = 'caller' | 'variable' | 'current' | 'nobody'

/** A profile with where it comes from. */
export interface ChosenProfile {
  /** Its name in the file; null when it stands in none. */
  readonly name: string | null
  readonly source: ProfileSource
  readonly profile: Profile
}

/**
 * The profile that counts: of `choice`, else of `MILLRACE_PROFILE`, else the current one of the file, else the data
 * directory `.millrace` here.
 * @throws USAGE two of them are named · PROFILE_UNKNOWN, PROFILE_INVALID, PROFILES_DAMAGED
 */
export async function chooseProfile(
  choice: ProfileChoice,
  store: ProfileStore,
  environment: Environment
): Promise<ChosenProfile> {
  const { profile: wanted, bootstrap, dataDir } = choice
  const given = Object.entries({ profile: wanted, bootstrap, dataDir })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
  if (given.length > 1) {
    throw new MillraceError(
      'USAGE',
      `${given.join(' and ')} are given; expected was one place to work on; leave the others out`
    )
  }
  if (bootstrap !== undefined) {
    return { name: null, source: 'caller', profile: serverAt(bootstrap) }
  }
  if (dataDir !== undefined) {
    return { name: null, source: 'caller', profile: { kind: 'embedded', dataDir } }
  }
  if (wanted !== undefined) {
    return { name: wanted, source: 'caller', profile: await store.get(wanted) }
  }
  const variable = environment.variables[PROFILE_VARIABLE] ?? ''
  if (variable !== '') {
    return { name: variable, source: 'variable', profile: await ofVariable(store, variable) }
  }
  const { current, profiles } = await store.read()
  const profile = current === null ? undefined : profiles.get(current)
  if (profile !== undefined) return { name: current, source: 'current', profile }
  const here = { kind: 'embedded', dataDir: DATA_DIR_DEFAULT } as const
  return { name: null, source: 'nobody', profile: here }
}

/** Nobody looks for a name in the environment who has not typed it: the error says where it stands. */
async function ofVariable(store: ProfileStore, name: string): Promise<Profile> {
  try {
    return await store.get(name)
  } catch (error) {
    if (!isMillraceError(error, 'PROFILE_UNKNOWN')) throw error
    throw new MillraceError(error.code, `${PROFILE_VARIABLE}: ${error.message}`, { cause: error })
  }
}

/** A server that is named by its Kafka address alone: its HTTP API is taken to be at the usual port. */
function serverAt(bootstrap: string): Profile {
  const addresses = bootstrap.split(',').map(text => checkAddress(text.trim(), '--bootstrap'))
  const host = addresses[0]!.slice(0, addresses[0]!.lastIndexOf(':'))
  return {
    kind: 'server',
    bootstrap: addresses,
    tls: null,
    sasl: null,
    http: `http://${host}:${HTTP_PORT_DEFAULT}`,
    token: null
  }
}
