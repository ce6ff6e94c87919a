// Runs the command as users do, from source: for the tests of examples, documents and crashes.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, resolve } from 'node:path'

/** The folder of the repository. */
export const ROOT: string = resolve(import.meta.dirname, '..')
/** The script behind `npx millrace`. */
export const COMMAND: string = resolve(ROOT, 'bin/millrace.js')

/** How a command ended and what it wrote. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts `millrace` with `args` in `folder`. */
export function start(args: readonly string[], folder: string): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], { cwd: folder, env: environment(folder) })
}

/** Runs `millrace` with `args` in `folder` and waits for its end; `input` goes to its stdin. */
export function run(args: readonly string[], folder: string, input = ''): Promise<Finished> {
  return finished(start(args, folder), input)
}

/** Runs a script of shell in which `npx millrace` and `node` are this repository's. */
export function shell(
  script: string,
  folder: string,
  env: Readonly<Record<string, string>> = {}
): Promise<Finished> {
  const text = script.replaceAll('npx millrace', `"${process.execPath}" "${COMMAND}"`)
  return finished(
    spawn('bash', ['-euo', 'pipefail', '-c', text], {
      cwd: folder,
      env: { ...environment(folder), ...env }
    }),
    ''
  )
}

/** Waits until a command that listens is ready; gives what it has said by then. @throws it ended before */
export async function ready(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr!.setEncoding('utf8')
  for await (const text of child.stderr!.iterator({ destroyOnReturn: false })) {
    said += String(text)
    if (!said.includes('ready in')) continue
    child.stderr!.resume()
    return said
  }
  throw new Error(`the command ended before it was ready:\n${said}`)
}

/** Ends a command that listens, as Ctrl-C does, if it has not ended. */
export async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGINT')
  await once(child, 'exit')
}

/** Collects what a process writes until it ends. */
export function finished(child: ChildProcess, input = ''): Promise<Finished> {
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', text => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', text => (stderr += text))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

function environment(folder: string): NodeJS.ProcessEnv {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`
  // Nobody's own profiles, but those of the test.
  const profiles = { XDG_CONFIG_HOME: resolve(folder, '.config') }
  const own = { PATH: path, NO_COLOR: '1', NODE_OPTIONS: '', MILLRACE_PROFILE: '' }
  return { ...process.env, ...profiles, ...own }
}
