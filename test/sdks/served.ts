// Starts programs that serve functions.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import type { Program } from './toolchains.ts'

/** Functions that serve; their end is a failure. */
export interface Served {
  readonly port: number
  readonly ended: Promise<never>
}

/** Starts the functions; they print their port. */
export async function serve(context: TestContext, { command, args }: Program): Promise<Served> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<never>((_, reject) => {
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', code => reject(new Error(`${command} ended with ${code}:\n${stderr}`)))
  })
  ended.catch(() => {})
  context.after(() => child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) {
    const port = /^listening on (\d+)$/.exec(line)?.[1]
    if (port !== undefined) return { port: Number(port), ended }
  }
  return ended
}
