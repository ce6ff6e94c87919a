// `millrace convert`: prints a dataflow file as TypeScript, or a module's dataflow as a file.
import { sendConsoleToStderr } from '../../base/index.ts'
import { convertFile, hasErrors } from '../../server/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { print } from '../output/output.ts'

/** Prints the other form of `file`; 2 when there is an error. */
export function convert(file: string): number {
  // A module may print as it is loaded.
  sendConsoleToStderr()
  const { text, diagnostics, texts } = convertFile(file)
  printDiagnostics(diagnostics, texts)
  if (hasErrors(diagnostics)) return 2
  print(text.trimEnd())
  return 0
}
