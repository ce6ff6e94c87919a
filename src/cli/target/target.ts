// Which log a command works on: the profile that its options choose, what stands in it looked up.
import {
  isMillraceError,
  MillraceError,
  SystemClock,
  SystemDisk,
  systemEnvironment
} from '../../base/index.ts'
import type { ChosenProfile, HttpAccess, ProfileStore, SecretSources } from '../../client/index.ts'
import type { TargetOptions } from '../options/target-options.ts'

/** The profiles of this user. */
export async function systemProfiles(): Promise<ProfileStore> {
  const { ProfileStore, profilesPath } = await import('../../client/index.ts')
  return new ProfileStore(profilesPath(systemEnvironment()), new SystemDisk(), new SystemClock())
}

/** Where secrets of profiles are looked for. */
export function systemSources(): SecretSources {
  return { environment: systemEnvironment(), disk: new SystemDisk() }
}

/** The profile that a command's options choose. @throws PROFILE_UNKNOWN, PROFILE_INVALID, PROFILES_DAMAGED */
export async function chosenProfile(options: TargetOptions): Promise<ChosenProfile> {
  const { chooseProfile } = await import('../../client/index.ts')
  return await chooseProfile(options, await systemProfiles(), systemEnvironment())
}

/**
 * How to reach the HTTP API of a profile.
 * @throws PROFILE_KIND it has none · PROFILE_SECRET
 */
export async function httpOf(chosen: ChosenProfile): Promise<HttpAccess> {
  const { httpAccess } = await import('../../client/index.ts')
  return await atProfile(chosen, httpAccess(chosen.profile, systemSources()))
}

/** Where that a profile names a place the place is wrong, or whoever asks there. */
const ABOUT_PROFILES: ReadonlySet<string> = new Set([
  'PROFILE_KIND',
  'PROFILE_SECRET',
  'SERVER_UNREACHABLE',
  'SERVER_ANSWER',
  'UNAUTHENTICATED',
  'CLUSTER_UNREACHABLE',
  'AUTHENTICATION_FAILED',
  'LOG_LOCKED',
  'DATA_DIRECTORY_UNKNOWN'
])

const SOURCES: Readonly<Record<ChosenProfile['source'], string>> = {
  caller: '--profile',
  variable: 'MILLRACE_PROFILE',
  current: 'the current one',
  nobody: ''
}

/** What `done` gives. An error that the profile is to blame for says which one it is, and who chose it. */
export async function atProfile<T>({ name, source }: ChosenProfile, done: Promise<T>): Promise<T> {
  try {
    return await done
  } catch (error) {
    if (name === null || !isMillraceError(error) || !ABOUT_PROFILES.has(error.code)) throw error
    const { code, message, retriable, details } = error
    const sentence = `profile ${name} (${SOURCES[source]}): ${message}`
    throw new MillraceError(code, sentence, { cause: error, retriable, details })
  }
}
