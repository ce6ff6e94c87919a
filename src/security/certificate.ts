// Who a client's certificate says it is: the subject as Kafka writes it, and rules that shorten it.
import { MillraceError } from '../base/index.ts'
import { principalOf, type Principal } from './words.ts'

/** One rule; the first whose pattern matches the whole subject counts. */
interface SubjectRule {
  /** null: the subject as it is. */
  readonly pattern: RegExp | null
  readonly replacement: string
  readonly letters: 'L' | 'U' | ''
}

/** Makes principals of subjects. */
export type SubjectNaming = (subject: string) => Principal | null

/**
 * The subject by RFC 2253, most special part first, as Java's brokers write it: `CN=ana,OU=shop,O=Acme`.
 * `lines`: as `X509Certificate.subject` of Node gives it, one part a line, in the order of the certificate.
 */
export function subjectName(lines: string): string {
  return lines
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replaceAll(' + ', '+'))
    .toReversed()
    .join(',')
}

/**
 * Reads rules as Kafka's `ssl.principal.mapping.rules` has them: `DEFAULT` and `RULE:pattern/replacement/`, the latter
 * with `L` or `U` behind it for small or capital letters; separated by commas. No text: the subject as it is.
 * @throws USAGE it is none of that
 */
export function readSubjectRules(text: string | null): SubjectNaming {
  const rules = text === null ? [DEFAULT] : parse(text)
  return subject => {
    for (const { pattern, replacement, letters } of rules) {
      if (pattern === null) return principalOf(subject)
      if (!pattern.test(subject)) continue
      const name = subject.replace(pattern, replacement)
      if (name === '') return null
      return principalOf(
        letters === 'L' ? name.toLowerCase() : letters === 'U' ? name.toUpperCase() : name
      )
    }
    return null
  }
}

const DEFAULT: SubjectRule = { pattern: null, replacement: '', letters: '' }
const RULE = /\s*(?:(DEFAULT)|RULE:((?:\\\/|[^/])*)\/((?:\\\/|[^/])*)\/([LU]?))\s*(?:,|$)/y

function parse(text: string): readonly SubjectRule[] {
  const rules: SubjectRule[] = []
  RULE.lastIndex = 0
  while (RULE.lastIndex < text.length) {
    const at = RULE.lastIndex
    const match = RULE.exec(text)
    if (match === null) throw unreadable(text.slice(at))
    const [, standard, pattern, replacement, letters] = match
    if (standard !== undefined) {
      rules.push(DEFAULT)
      continue
    }
    try {
      rules.push({
        pattern: new RegExp(`^(?:${pattern!.replaceAll('\\/', '/')})$`),
        replacement: replacement!.replaceAll('\\/', '/'),
        letters: letters as SubjectRule['letters']
      })
    } catch {
      throw unreadable(text.slice(at))
    }
  }
  if (rules.length === 0) throw unreadable(text)
  return rules
}

function unreadable(text: string): MillraceError {
  return new MillraceError(
    'USAGE',
    `"${text.slice(0, 120)}" is no rule for the names of certificates; expected DEFAULT or ` +
      'RULE:pattern/replacement/ with L or U behind it, as in "RULE:^CN=([^,]+),.*$/$1/L,DEFAULT"'
  )
}
