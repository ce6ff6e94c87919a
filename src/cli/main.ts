// The command line: parses the arguments, runs one command, and turns what it throws into an exit code.
import { messageOf, packageVersion } from '../base/index.ts'
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, exitCodeOf } from './exit-codes.ts'

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
  // What is for people has no reader any more (`2>&1 | head`): the work and its exit code stay what they are.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  const { createProgram } = await import('./program/program.ts')
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
    return exitCodeOf(code)
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(
    `millrace: this is a defect of millrace, please report it with these lines:\n${text}\n`
  )
  return EXIT_FAILED
}
