// What surrounds the process, as data: so that where files of a user lie is decided by a function that a test calls.
import { homedir } from 'node:os'

/** Environment variables, platform and home of whoever runs the process. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** As Node names it: linux, darwin, win32, … */
  readonly platform: string
  /** Absolute path of the user's folder. */
  readonly home: string
}

/** The environment of this process. */
export function systemEnvironment(): Environment {
  return { variables: process.env, platform: process.platform, home: homedir() }
}
