// Which log a command works on: its options, the profile that they choose, what stands in it looked up.
import { type Command, Option } from 'commander'

import { SystemClock, SystemDisk, systemEnvironment } from '../base/index.ts'
import type { ChosenProfile, HttpAccess, ProfileStore, SecretSources } from '../client/index.ts'

/** What {@link addTarget} adds, as the parser gives it. */
export interface TargetOptions {
  readonly profile?: string
  readonly bootstrap?: string
  readonly dataDir?: string
}

/** Adds `--profile`, `--bootstrap` and, unless the command needs a server, `--data-dir`. */
export function addTarget(command: Command, kind: 'any' | 'server' = 'any'): Command {
  const options = [
    new Option(
      '--profile <name>',
      'the profile to use (default: $MILLRACE_PROFILE, or the current one)'
    ),
    new Option('--bootstrap <host:port>', 'a server, instead of a profile; several with commas')
  ]
  if (kind === 'any') {
    options.push(
      new Option('--data-dir <dir>', 'a data directory that is not in use, instead of a profile')
    )
  }
  const names = options.map(option => option.attributeName())
  for (const option of options) {
    command.addOption(option.conflicts(names.filter(name => name !== option.attributeName())))
  }
  return command
}

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
