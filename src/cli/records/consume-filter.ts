// Filters of records that the user writes: an expression in TypeScript, or a file that exports `filter`.
import { existsSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { messageOf, MillraceError } from '../../base/index.ts'

/** What a filter sees of a record. */
export interface FilteredRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  /** Parsed JSON where the value is some, else its text. */
  readonly value: unknown
  readonly text: string | null
  readonly headers: Readonly<Record<string, string | null>>
}

/** Whether a record is wanted. */
export type RecordFilter = (record: FilteredRecord) => boolean | Promise<boolean>

const NAMES = ['topic', 'partition', 'offset', 'timestamp', 'key', 'value', 'text', 'headers']
const FILE = /\.(ts|mts|js|mjs)$/

/**
 * Makes the filter of `--filter`: a path of a module that exports a function `filter`, or an expression over the fields
 * of {@link FilteredRecord}.
 * @throws USAGE it cannot be read
 */
export async function recordFilter(text: string): Promise<RecordFilter> {
  return isFile(text) ? await fromFile(text) : fromExpression(text)
}

/** A path that is not there is a mistake, unless it can be a field, as `value.ts`. */
function isFile(text: string): boolean {
  if (!FILE.test(text)) return false
  const isPath = /^[\w./@~-]+$/.test(text) && !NAMES.includes(text.split('.', 1)[0]!)
  return isPath || existsSync(text)
}

async function fromFile(path: string): Promise<RecordFilter> {
  const module = await load(path)
  if (typeof module.filter === 'function') return module.filter as RecordFilter
  throw new MillraceError(
    'USAGE',
    `${path} exports no function filter; expected was: export function filter(record) { return … }; add it`
  )
}

async function load(path: string): Promise<{ readonly filter?: unknown }> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as { readonly filter?: unknown }
  } catch (error) {
    throw new MillraceError(
      'USAGE',
      `--filter ${path} cannot be loaded: ${messageOf(error)}; expected was a module that exports filter, or an ` +
        `expression over ${NAMES.join(', ')}; correct it`,
      { cause: error }
    )
  }
}

function fromExpression(text: string): RecordFilter {
  try {
    const javascript = stripTypeScriptTypes(`(record: any) => (${text}\n)`)
    const body = `const { ${NAMES.join(', ')} } = record; return (${javascript})(record)`
    // The user's own code, on the user's own command line.
    // eslint-disable-next-line no-new-func
    const made = new Function('record', body) as (record: FilteredRecord) => unknown
    return record => Boolean(made(record))
  } catch (error) {
    throw new MillraceError(
      'USAGE',
      `--filter ${text}: ${(error as Error).message.split('\n')[0]}; expected was an expression over ` +
        `${NAMES.join(', ')}, as in 'value.amount > 10', or a file that exports filter; correct it`,
      { cause: error }
    )
  }
}
