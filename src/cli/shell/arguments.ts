// What commands of the shell share: reading their words, and printing rows.
import { parseArgs } from 'node:util'

import { MillraceError, messageOf } from '../../base/index.ts'
import { formatTable, serialise } from '../output/output.ts'
import type { ListFormat, Table } from '../output/output.ts'
import { wordsOf } from './words.ts'

/** The option that every list has. */
export const LIST_OPTIONS = { output: { type: 'string', short: 'o', default: 'table' } } as const
/** Entries that a list shows unless told otherwise. */
export const LIMIT_DEFAULT = 100

/** A line of a table, by column. */
export type Row = Readonly<Record<string, string | number | boolean | null>>

type OptionsConfig = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>

/** Options and words of a command's text. @throws USAGE */
// oxlint-disable-next-line explicit-module-boundary-types -- the type follows from the options
export function parse<const O extends OptionsConfig>(
  rest: string,
  options: O,
  positionalsMax: number
): Parsed<O> {
  try {
    const parsed = parseArgs({ args: wordsOf(rest), options, allowPositionals: true, strict: true })
    const { output } = parsed.values as { output?: string }
    if (output !== undefined && !['table', 'json', 'yaml'].includes(output)) {
      throw new Error(`-o ${output}: it takes table, json or yaml`)
    }
    const surplus = parsed.positionals[positionalsMax]
    if (surplus !== undefined)
      throw new Error(`"${surplus}" is one word too many; quote what has spaces`)
    return parsed as unknown as Parsed<O>
  } catch (error) {
    throw new MillraceError('USAGE', messageOf(error))
  }
}

/** What {@link parse} gives. */
export type Parsed<O extends OptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true; strict: true }>
> & { readonly values: { readonly output: ListFormat } }

/** A whole number. @throws USAGE */
export function countOf(option: string, text: string, takes = 'a whole number'): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new MillraceError('USAGE', `${option} ${text}: it takes ${takes}`)
}

/** A regular expression. @throws USAGE */
export function regexOf(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new MillraceError('USAGE', `--filter: ${messageOf(error)}`)
  }
}

/** Rows as the user wants them. */
export function listText(rows: readonly Row[], output: ListFormat): Promise<string> | string {
  if (!isTable(output)) return serialise(rows, output)
  return rows.length === 0 ? 'none' : formatTable(tableOf(rows))
}

/** Rows as a table; the first one names the columns. */
export function tableOf(rows: readonly Row[]): Table {
  const columns = Object.keys(rows[0] ?? {})
  return { columns, rows: rows.map(row => columns.map(column => row[column] ?? null)) }
}

export function isTable(output: ListFormat): output is 'table' {
  return output === 'table'
}
