// The options that say which log a command works on. What they choose is looked up in target.ts.
import { type Command, Option } from 'commander'

/** What {@link addTarget} adds, as the parser gives it. */
export interface TargetOptions {
  readonly profile?: string
  readonly bootstrap?: string
  readonly dataDir?: string
}

/** What a command can work on beside profiles: any log, a server, or where users and rules are kept. */
export type TargetKind = 'any' | 'server' | 'security'

const PROFILE = [
  '--profile <name>',
  'the profile to use (default: $MILLRACE_PROFILE, or the current one)'
] as const
const BOOTSTRAP = [
  '--bootstrap <host:port>',
  'a server, instead of a profile; several with commas'
] as const
const DATA_DIR = '--data-dir <dir>'
const FLAGS: Readonly<
  Record<TargetKind, readonly (readonly [flags: string, description: string])[]>
> = {
  any: [
    PROFILE,
    BOOTSTRAP,
    [DATA_DIR, 'a data directory that is not in use, instead of a profile']
  ],
  server: [PROFILE, BOOTSTRAP],
  // Servers show users to who has a token, and an address alone has none.
  security: [
    PROFILE,
    [DATA_DIR, 'a data directory of this machine, in use or not, instead of a profile']
  ]
}

/** Adds `--profile` and what may be named instead of one. */
export function addTarget(command: Command, kind: TargetKind = 'any'): Command {
  const options = FLAGS[kind].map(([flags, description]) => new Option(flags, description))
  const names = options.map(option => option.attributeName())
  for (const option of options) {
    command.addOption(option.conflicts(names.filter(name => name !== option.attributeName())))
  }
  return command
}
