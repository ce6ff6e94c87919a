// What functions of users print: beside the data, not into it.
import { Console } from 'node:console'

/** From here on everything that this thread prints with `console` goes to stderr: stdout is for records. */
export function sendConsoleToStderr(): void {
  globalThis.console = new Console(process.stderr)
}
