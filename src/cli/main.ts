// The command line: parses the arguments, runs one command, and turns what it throws into an exit code.
import { messageOf, packageVersion } from '../base/index.ts'

/** Done. */
export const EXIT_DONE = 0
/** Failed while running: a dataflow, the disk, a damaged log. */
export const EXIT_FAILED = 1
/** Wrong input or usage: an invalid file, an unknown option, a data directory in use. */
export const EXIT_USAGE = 2

/** Errors that the user mends by changing the command or the input, not by trying again. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'USAGE',
  'DATA_DIRECTORY_UNKNOWN',
  'DISK_LOCKED',
  'LOG_LOCKED',
  'TOPIC_INTERNAL',
  'TOPIC_INVALID',
  'UPGRADE_REFUSED',
  'TOPIC_EXISTS',
  'TOPIC_UNKNOWN',
  'PARTITION_UNKNOWN',
  'COMPRESSION_UNSUPPORTED',
  'CONFIG_INVALID',
  'GROUP_UNKNOWN',
  'GROUP_NOT_EMPTY',
  'PROFILE_EXISTS',
  'PROFILE_INVALID',
  'PROFILE_KIND',
  'PROFILE_SECRET',
  'PROFILE_UNKNOWN',
  'PROFILES_DAMAGED'
])

/** Runs the command line with `argv` (without node and script) and resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`millrace ${packageVersion()}\n`)
    return EXIT_DONE
  }
  // A reader that has seen enough (`| head`) closes the pipe: the end, not a failure. `run` has its own way to stop.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && process.stdout.listenerCount('error') === 1)
      process.exit(EXIT_DONE)
  })
  const { createProgram } = await import('./program.ts')
  let code = EXIT_DONE
  const program = createProgram(packageVersion(), status => {
    code = status
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    return reportFailure(error)
  }
}

/** Prints what went wrong on stderr and gives the exit code that belongs to it. */
export function reportFailure(error: unknown): number {
  const { code, exitCode } = error as { code?: unknown; exitCode?: unknown }
  if (typeof code === 'string' && code.startsWith('commander.')) {
    // Commander has printed its sentence already.
    return exitCode === 0 ? EXIT_DONE : EXIT_USAGE
  }
  if (typeof code === 'string') {
    process.stderr.write(`millrace: ${messageOf(error)}\n`)
    return USAGE_CODES.has(code) ? EXIT_USAGE : EXIT_FAILED
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(
    `millrace: this is a defect of millrace, please report it with these lines:\n${text}\n`
  )
  return EXIT_FAILED
}
