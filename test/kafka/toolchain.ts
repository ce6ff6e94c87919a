// Clients of other languages: found, fetched once into a cache, run. A missing toolchain is a reason to skip a test.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

import { finished, type Finished } from '../command.ts'

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace-test')
const FETCH_MS = 240_000

/** Where the clients of a name lie. */
export function cacheFolder(name: string): string {
  const folder = join(CACHE, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Whether a command is on the machine. */
export function hasCommand(command: string, version = '--version'): boolean {
  return spawnSync(command, [version], { stdio: 'ignore' }).error === undefined
}

/** Runs a command to its end. */
export function runTool(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly cwd?: string } = {}
): Promise<Finished> {
  const { cwd = tmpdir(), input = '' } = options
  return finished(spawn(command, args, { cwd }), input)
}

/**
 * Does what fetches a client, once; a mark says that it is done.
 * @returns null, or why it could not be fetched
 */
export function fetchOnce(folder: string, command: string, args: readonly string[]): string | null {
  const mark = join(folder, '.fetched')
  if (existsSync(mark)) return null
  const { status, stderr, stdout } = spawnSync(command, args, { cwd: folder, timeout: FETCH_MS })
  if (status !== 0) {
    const said = `${String(stdout)}${String(stderr)}`.trim().split('\n').slice(-2).join(' ')
    return `${command} ${args[0]} failed: ${said.slice(0, 300)}`
  }
  writeFileSync(mark, '')
  return null
}
