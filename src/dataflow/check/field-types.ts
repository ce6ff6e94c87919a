// Which type a field has that a file names by its path.
import { nearestWord } from '../names.ts'
import type { Report } from '../report.ts'
import type { PathModel } from '../read/model.ts'
import { describeType } from '../type-text.ts'
import type { Type } from '../types.ts'
import { quoted } from '../yaml/tree.ts'

/** The type of a field below `type`; null after a finding, or when the value's type is not known, which is one. */
export function typeAt(report: Report, type: Type | null, { path, span }: PathModel): Type | null {
  if (type === null) {
    // With errors that is why nothing is known.
    if (!report.hasErrors) {
      const message = `what arrives has no declared type, so the field ${quoted(path.join('.'))} cannot be looked up`
      report.error('FIELD_UNKNOWN', span, message, 'Declare what the function before it returns.')
    }
    return null
  }
  let found = type
  let isOptional = false
  for (const [index, name] of path.entries()) {
    const inner = withoutOption(found)
    if (inner !== found) isOptional = true
    const fields = inner.kind === 'object' || inner.kind === 'arrow-row' ? inner.fields : []
    const field = fields.find(one => one.name === name)
    if (field === undefined) {
      const nearest = nearestWord(
        name,
        fields.map(one => one.name)
      )
      const where = index === 0 ? describeType(inner) : quoted(path.slice(0, index).join('.'))
      const hint =
        nearest !== null
          ? `Did you mean "${nearest}"?`
          : fields.length === 0
            ? `${describeType(inner)} has no fields.`
            : `Its fields are ${fields
                .slice(0, 20)
                .map(one => one.name)
                .join(', ')}.`
      report.error('FIELD_UNKNOWN', span, `${where} has no field ${quoted(name)}`, hint)
      return null
    }
    if (field.optional) isOptional = true
    found = field.type
  }
  if (!isOptional || found.kind === 'option') return found
  return { kind: 'option', value: found }
}

/** The type of a value that is there. */
export function withoutOption(type: Type): Type {
  return type.kind === 'option' ? type.value : type
}
