// Which log a command works on: the profile that its options choose, what stands in it looked up.
import { SystemClock, SystemDisk, systemEnvironment } from '../base/index.ts'
import type { ChosenProfile, HttpAccess, ProfileStore, SecretSources } from '../client/index.ts'
import type { TargetOptions } from './target-options.ts'

/** The profiles of this user. */
export async function systemProfiles(): Promise<ProfileStore> {
  const { ProfileStore, profilesPath } = await import('../client/index.ts')
  return new ProfileStore(profilesPath(systemEnvironment()), new SystemDisk(), new SystemClock())
}

/** Where secrets of profiles are looked for. */
export function systemSources(): SecretSources {
  return { environment: systemEnvironment(), disk: new SystemDisk() }
}

/** The profile that a command's options choose. @throws PROFILE_UNKNOWN, PROFILE_INVALID, PROFILES_DAMAGED */
export async function chosenProfile(options: TargetOptions): Promise<ChosenProfile> {
  const { chooseProfile } = await import('../client/index.ts')
  return await chooseProfile(options, await systemProfiles(), systemEnvironment())
}

/**
 * How to reach the HTTP API of the server that a command's options choose.
 * @throws PROFILE_KIND the profile has none, and what {@link chosenProfile} throws
 */
export async function chosenHttp(options: TargetOptions): Promise<HttpAccess> {
  const { httpAccess } = await import('../client/index.ts')
  const { profile } = await chosenProfile(options)
  return await httpAccess(profile, systemSources())
}
