// What reading a foreign schema file gives, and how its findings are noted.
import { toKebab } from '../names.ts'
import type { WireSchema } from '../plan.ts'
import type { Report, Span } from '../report.ts'
import { typeFingerprint } from '../type-text.ts'
import type { Type } from '../types.ts'

/** Types of a schema file. */
export interface ImportedTypes {
  readonly type: Type
  /** Definitions inside, by kebab-case name; the type itself is not among them. */
  readonly named: ReadonlyMap<string, Type>
  /** What records are written by; null for JSON Schema. */
  readonly schema: WireSchema | null
}

/** The first character: where what concerns a whole file is noted. */
export const FILE_START: Span = { start: 0, end: 1 }

/** Levels that schemas may nest. */
export const IMPORT_DEPTH_MAX = 60

/** Ends the reading of a file whose finding is noted. Thrown inside this folder only. */
export class Refused extends Error {}

/** The file being read: findings, and the definitions so far. */
export class ImportContext {
  readonly report: Report
  readonly named: Map<string, Type> = new Map<string, Type>()
  /** Definitions that are being read: one among them contains itself. */
  readonly open: string[] = []

  constructor(report: Report) {
    this.report = report
  }

  /** Notes a finding and ends the reading. */
  refuse(span: Span, message: string, hint: string | null = null): never {
    this.report.error('SCHEMA_IMPORT', span, message, hint)
    throw new Refused()
  }

  /** Reads a definition inside itself once. */
  define(name: string, span: Span, read: () => Type): Type {
    if (this.open.includes(name)) {
      this.refuse(
        span,
        `${name} contains itself: ${[...this.open.slice(this.open.indexOf(name)), name].join(' → ')}`,
        'Keep the parts in a state or topic of their own.'
      )
    }
    if (this.open.length > IMPORT_DEPTH_MAX)
      this.refuse(span, `more than ${IMPORT_DEPTH_MAX} levels`)
    this.open.push(name)
    const type = read()
    this.open.pop()
    const kebab = toKebab(name)
    const known = this.named.get(kebab)
    if (known !== undefined && typeFingerprint(known) !== typeFingerprint(type)) {
      this.refuse(span, `two definitions are called ${kebab}`, 'Rename one of them.')
    }
    this.named.set(kebab, known ?? type)
    return known ?? type
  }
}
