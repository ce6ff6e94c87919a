// A server that a test of crashes starts and ends: node deploy-server.ts FOLDER [STEP]. It kills itself at the step.
import { flushCompileCache } from 'node:module'
import { LogServer } from '../../src/server/index.ts'

const [folder = '', fatal] = process.argv.slice(2)
const free = { host: '127.0.0.1', port: 0 }
const server = await LogServer.start({
  folder,
  address: free,
  http: free,
  version: 'test',
  onLogEvent: () => {},
  onProblem: message => process.stderr.write(`${message}\n`),
  onDeployment: () => {},
  onStep: async step => {
    if (step !== fatal) return
    process.kill(process.pid, 'SIGKILL')
    // Nothing more happens in this process.
    await new Promise(() => {})
  }
})
process.stdout.write(`${server.url}\n`)
flushCompileCache()
// Signals are no handle that keeps a process alive, and the server listens.
process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)))
