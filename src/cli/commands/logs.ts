// `millrace logs`: what a deployment said, and what it says.
import type { DeploymentLogLine } from '../../server/index.ts'
import { chosenServer } from '../target/api-client.ts'
import type { ServerOptions } from '../target/api-client.ts'
import { oneLine, print } from '../output/output.ts'
import { StopSignals } from '../stop-signals.ts'

/** What the parser gives. */
export interface LogsOptions extends ServerOptions {
  readonly follow?: boolean
  readonly lines: number
  readonly verbose?: boolean
  readonly output: 'text' | 'json'
}

/** Prints the newest lines, oldest first; with `follow` until a signal comes. */
export async function logs(name: string, options: LogsOptions): Promise<number> {
  const server = await chosenServer(options)
  const { follow = false, lines } = options
  const path = `/api/v1/deployments/${encodeURIComponent(name)}/logs?lines=${lines}&follow=${follow}`
  const signals = new StopSignals()
  const stop = new AbortController()
  void signals.first.then(() => stop.abort())
  try {
    for await (const line of server.lines(path, stop.signal)) {
      if (options.output === 'json') print(line)
      else printLine(JSON.parse(line) as DeploymentLogLine, options)
    }
  } finally {
    signals.release()
  }
  return 0
}

function printLine(line: DeploymentLogLine, { verbose }: LogsOptions): void {
  const { time, level, source, service, operator, message } = line
  if (level === 'debug' && verbose !== true) return
  const place = [source, service, operator].filter(word => word !== '').join('/')
  const head = `${new Date(time).toISOString()} ${level}${place === '' ? '' : ` ${place}`}`
  print(`${head}: ${oneLine(message)}`)
}
