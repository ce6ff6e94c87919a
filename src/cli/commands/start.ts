// `millrace start`: serves the log of a data directory to Kafka's clients until it is stopped.
import { relative } from 'node:path'

import { letHeapGrow } from '../../base/index.ts'
import { LogServer, permanentFolder, readListenAddress } from '../../server/index.ts'
import { counted, formatDuration, note } from '../output.ts'
import { StopSignals } from '../stop-signals.ts'

/** What the parser gives. */
export interface StartOptions {
  readonly dataDir: string
  readonly listen: string
  readonly verbose?: boolean
}

/** Serves until a signal; resolves with the exit code when everything is closed. */
export async function start(options: StartOptions): Promise<number> {
  letHeapGrow()
  const address = readListenAddress('--listen', options.listen)
  const folder = permanentFolder(options.dataDir)
  const signals = new StopSignals()
  // Signals are no handle that keeps a process alive.
  const alive = setInterval(() => {}, 2 ** 30)
  try {
    const server = await LogServer.start({
      folder: folder.path,
      address,
      onLogEvent: ({ routine, message }) => {
        if (!routine || options.verbose === true) note(`log: ${message}`)
      },
      onProblem: message => note(`kafka: ${message}`)
    })
    try {
      const { host, port } = server.address
      const near = relative(process.cwd(), folder.path)
      note(`kafka   ${host.includes(':') ? `[${host}]` : host}:${port}`)
      const place = near.startsWith('..') ? folder.path : near || '.'
      note(`data    ${place}, ${counted(server.topics, 'topic')}`)
      note(`ready in ${formatDuration(performance.now())}; Ctrl-C stops`)
      await signals.first
      return 0
    } finally {
      await server.stop()
    }
  } finally {
    clearInterval(alive)
    signals.release()
  }
}
