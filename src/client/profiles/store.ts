// The file of profiles in the user's configuration folder.
//
// Owns: where it is, its format, changing it. Does not own: what a profile means.
//   S1  The file is replaced as a whole and readable for its owner only (0600).
//   S2  Two processes that change it do so one after the other; whoever only reads waits for nobody.
//   S3  A file that is damaged or of a later version is refused and left as it is.
import { join } from 'node:path'

import {
  isMillraceError,
  messageOf,
  MillraceError,
  type Clock,
  type Disk,
  type Environment
} from '../../base/index.ts'
import type { Profile } from './profile.ts'
import { readProfile } from './read-profile.ts'

const FORMAT_VERSION = 1
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const LOCK_PATIENCE_MS = 3_000
const LOCK_PAUSE_MS = 20

/** What the file says. */
export interface Profiles {
  /** Name of the profile that counts where none is named. */
  readonly current: string | null
  readonly profiles: ReadonlyMap<string, Profile>
}

/** `$XDG_CONFIG_HOME/millrace/profiles.json`, or what that is on this platform. */
export function profilesPath({ variables, platform, home }: Environment): string {
  const named = variables['XDG_CONFIG_HOME']
  if (named !== undefined && named.startsWith('/')) return join(named, 'millrace', 'profiles.json')
  const appData = variables['APPDATA']
  if (platform === 'win32' && appData !== undefined) {
    return join(appData, 'millrace', 'profiles.json')
  }
  const folder = platform === 'darwin' ? join('Library', 'Application Support') : '.config'
  return join(home, folder, 'millrace', 'profiles.json')
}

/** The profiles of one file. Reads it for each call. */
export class ProfileStore {
  readonly path: string
  readonly #disk: Disk
  readonly #clock: Clock

  constructor(path: string, disk: Disk, clock: Clock) {
    this.path = path
    this.#disk = disk
    this.#clock = clock
  }

  /** What the file says; nothing when there is none. @throws PROFILES_DAMAGED, PROFILE_INVALID */
  async read(): Promise<Profiles> {
    try {
      return this.#parse(new TextDecoder().decode(await this.#disk.readFile(this.path)))
    } catch (error) {
      if (isMillraceError(error, 'DISK_NOT_FOUND')) return { current: null, profiles: new Map() }
      throw error
    }
  }

  /** @throws PROFILE_UNKNOWN */
  async get(name: string): Promise<Profile> {
    return found(await this.read(), name)
  }

  /**
   * Adds a profile; the first one becomes the current one. `replace` allows one of that name to be there.
   * @throws PROFILE_EXISTS, PROFILE_INVALID the name
   */
  async add(name: string, profile: Profile, replace = false): Promise<Profiles> {
    checkProfileName(name)
    return this.#change(before => {
      if (before.profiles.has(name) && !replace) {
        throw new MillraceError(
          'PROFILE_EXISTS',
          `a profile ${name} is there; expected was a new name; choose another, or replace it (--replace)`
        )
      }
      const profiles = new Map(before.profiles).set(name, readProfile(profile, name))
      return { current: before.current ?? name, profiles }
    })
  }

  /** Makes a profile the current one. @throws PROFILE_UNKNOWN */
  async switchTo(name: string): Promise<Profiles> {
    return this.#change(before => {
      found(before, name)
      return { ...before, current: name }
    })
  }

  /** Removes a profile; when it was the current one there is none. @throws PROFILE_UNKNOWN */
  async delete(name: string): Promise<Profiles> {
    return this.#change(before => {
      found(before, name)
      const profiles = new Map(before.profiles)
      profiles.delete(name)
      return { current: before.current === name ? null : before.current, profiles }
    })
  }

  /** S1, S2. */
  async #change(change: (before: Profiles) => Profiles): Promise<Profiles> {
    await this.#disk.createDirectory(join(this.path, '..'))
    const lock = await this.#lock()
    try {
      const after = change(await this.read())
      const text = JSON.stringify(
        {
          version: FORMAT_VERSION,
          current: after.current,
          profiles: Object.fromEntries(after.profiles)
        },
        null,
        2
      )
      await this.#disk.replaceFile(this.path, new TextEncoder().encode(`${text}\n`))
      return after
    } finally {
      await lock.release()
    }
  }

  async #lock(): ReturnType<Disk['lock']> {
    const deadline = this.#clock.monotonic() + LOCK_PATIENCE_MS
    for (;;) {
      try {
        return await this.#disk.lock(`${this.path}.lock`)
      } catch (error) {
        const isLate = this.#clock.monotonic() > deadline
        if (!isMillraceError(error, 'DISK_LOCKED') || isLate) throw error
        await this.#clock.sleep(LOCK_PAUSE_MS)
      }
    }
  }

  /** S3. */
  #parse(text: string): Profiles {
    const { version, current, profiles } = this.#object(text)
    if (version !== FORMAT_VERSION) {
      throw this.#damaged(
        `it says version ${JSON.stringify(version)}`,
        `expected was ${FORMAT_VERSION}`
      )
    }
    if (typeof profiles !== 'object' || profiles === null || Array.isArray(profiles)) {
      throw this.#damaged('it has no profiles', 'expected was an object with them')
    }
    const read = new Map(
      Object.entries(profiles).map(([name, value]) => [name, readProfile(value, name)])
    )
    const isKnown = typeof current === 'string' && read.has(current)
    return { current: isKnown ? current : null, profiles: read }
  }

  #object(text: string): Readonly<Record<string, unknown>> {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
    } catch (error) {
      throw this.#damaged(`it is no JSON (${messageOf(error)})`, 'expected was an object')
    }
    throw this.#damaged('it is no object', 'expected was one')
  }

  #damaged(happened: string, expected: string): MillraceError {
    return new MillraceError(
      'PROFILES_DAMAGED',
      `${this.path} cannot be used: ${happened}; ${expected}; correct it or move it away`
    )
  }
}

/** @throws PROFILE_INVALID */
function checkProfileName(name: string): void {
  if (NAME.test(name)) return
  throw new MillraceError(
    'PROFILE_INVALID',
    `a profile cannot be called ${JSON.stringify(name)}; expected were up to 64 of A-Z a-z 0-9 . _ -, ` +
      'beginning with a letter or digit; choose another name'
  )
}

function found({ profiles }: Profiles, name: string): Profile {
  const profile = profiles.get(name)
  if (profile !== undefined) return profile
  const names = [...profiles.keys()]
  const known = names.length === 0 ? 'there is none so far' : `there are ${names.join(', ')}`
  throw new MillraceError(
    'PROFILE_UNKNOWN',
    `no profile is called ${JSON.stringify(name)}; ${known}; see millrace profile list, or add it`
  )
}
