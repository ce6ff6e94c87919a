// Names for the constants of printed code: none twice, none that hides what functions use.
import { toCamel } from '../../dataflow/index.ts'

/** What printed code may import. */
export const WORDS: readonly string[] =
  `change constant count dataflow events from global join keyed lookUp merge schedule session sliding state t table
  topic tumbling uses versions`.split(/\s+/)

const TAKEN: readonly string[] =
  `break case catch class const continue debugger default delete do else enum export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static
  super switch this throw true try typeof var void while with yield await async arguments eval of type undefined
  flow`.split(/\s+/)

/** The names of one file. */
export class CodeNames {
  readonly #taken = new Set([...WORDS, ...TAKEN])

  /** A free name for `words`, in camelCase; with `suffix` where it is taken. */
  take(words: string, suffix: string): string {
    const camel = toCamel(words)
    const base = /^[a-z]/.test(camel) ? camel : `_${camel}`
    let name = base
    for (let count = 1; this.#taken.has(name) || name in globalThis; count++) {
      name = `${base}${suffix}${count === 1 ? '' : count}`
    }
    this.#taken.add(name)
    return name
  }
}
