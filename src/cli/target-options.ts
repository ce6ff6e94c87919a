// The options that say which log a command works on. What they choose is looked up in target.ts.
import { type Command, Option } from 'commander'

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
