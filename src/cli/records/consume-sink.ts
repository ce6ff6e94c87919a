// Where `millrace consume` prints records: stdout, line by line or as one table.
import { once } from 'node:events'

import { MillraceError } from '../../base/index.ts'
import {
  printerOf,
  recordTable,
  templatePrinter,
  type ConsumeFormat,
  type RawConsumed,
  type RecordPrinter
} from './consume-format.ts'
import type { FormsOf } from './record-forms.ts'

const TABLE_RECORDS_MAX = 100_000

/** Where records go. */
export interface Sink {
  /** Resolves when nobody reads any more. */
  readonly broken: Promise<void>
  /** Resolves when more may be written; false when nobody reads any more. */
  write(record: RawConsumed): Promise<boolean>
  end(): void
}

/** The sink of a format, or of a template. @throws USAGE the template names what no record has */
export function sinkOf(format: ConsumeFormat, template: string | null, forms: FormsOf): Sink {
  if (template !== null) return new LineSink(templatePrinter(template, forms))
  return format === 'table' ? new TableSink(forms) : new LineSink(printerOf(format, forms))
}

/** Stdout, with back-pressure; a reader that went away is the end, not a failure. */
class Stdout {
  readonly broken: Promise<void>
  isBroken = false

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.broken = promise
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      this.isBroken = true
      resolve()
    })
  }

  async write(data: string | Uint8Array): Promise<boolean> {
    if (this.isBroken) return false
    if (data.length > 0 && !process.stdout.write(data)) {
      await Promise.race([once(process.stdout, 'drain'), this.broken])
    }
    return !this.isBroken
  }
}

class LineSink implements Sink {
  readonly #print: RecordPrinter
  readonly #stdout = new Stdout()
  readonly broken = this.#stdout.broken

  constructor(print: RecordPrinter) {
    this.#print = print
  }

  async write(record: RawConsumed): Promise<boolean> {
    return await this.#stdout.write(this.#print(record))
  }

  end(): void {
    // Each record was written when it came.
  }
}

class TableSink implements Sink {
  readonly broken: Promise<void> = new Promise(() => {})
  readonly #forms: FormsOf
  readonly #records: RawConsumed[] = []

  constructor(forms: FormsOf) {
    this.#forms = forms
  }

  write(record: RawConsumed): Promise<boolean> {
    if (this.#records.length >= TABLE_RECORDS_MAX) {
      throw new MillraceError(
        'USAGE',
        `a table has ${TABLE_RECORDS_MAX} records; expected were fewer; use --limit, --from or --filter`
      )
    }
    this.#records.push(record)
    return Promise.resolve(true)
  }

  end(): void {
    if (this.#records.length > 0)
      process.stdout.write(`${recordTable(this.#records, this.#forms)}\n`)
  }
}
