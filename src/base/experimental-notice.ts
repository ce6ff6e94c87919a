// Node's notices about features of its own that millrace relies on, kept from the user's terminal.

const NOTICE =
  /^(?:stripTypeScriptTypes|Type Stripping|vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER) is an experimental feature/

let quiet = 0
let emitBefore: typeof process.emitWarning | null = null

/**
 * Drops Node's notices about type stripping and its module loader, and no other warning, until the function
 * that it gives is called. Nests; the last one to end restores.
 */
export function silenceExperimentalNotices(): () => void {
  if (quiet++ === 0) {
    const emit = process.emitWarning
    emitBefore = emit
    process.emitWarning = ((warning: string | Error, ...rest: never[]): void => {
      if (NOTICE.test(typeof warning === 'string' ? warning : warning.message)) return
      emit.call(process, warning, ...rest)
    }) as typeof process.emitWarning
  }
  let ended = false
  return () => {
    if (ended) return
    ended = true
    if (--quiet > 0 || emitBefore === null) return
    process.emitWarning = emitBefore
    emitBefore = null
  }
}
