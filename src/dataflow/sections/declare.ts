// The words in which sections of a dataflow file are declared: one declaration drives the checks and the reference.
import type { ApiVersion } from '../plan.ts'

/** What may stand under a key. */
export type ValueShape =
  | { readonly kind: 'text' }
  /** A text, or what YAML takes for something else: the type `null`. */
  | { readonly kind: 'word' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'duration' }
  | { readonly kind: 'size' }
  /**
   * One of some words; `also` are accepted spellings that the reference does not list, `unavailable` are words
   * of the language that this version of millrace has not.
   */
  | {
      readonly kind: 'choice'
      readonly of: readonly string[]
      readonly also?: readonly string[]
      readonly unavailable?: readonly string[]
    }
  | { readonly kind: 'section'; readonly section: string }
  /** A mapping from names of the user's choice. */
  | { readonly kind: 'map'; readonly of: string }
  | { readonly kind: 'list'; readonly of: string }
  /** A list or, in older layouts, a mapping: the reader decides. */
  | { readonly kind: 'list-or-map'; readonly of: string }
  | { readonly kind: 'type' }
  /** Any value: a record's, in test files. */
  | { readonly kind: 'any' }
  | { readonly kind: 'code' }
  /** Part of the language, not of this version of millrace. */
  | { readonly kind: 'unavailable' }

/** One key of a section. */
export interface KeySpec {
  readonly key: string
  /** Other spellings of the same key. */
  readonly aliases?: readonly string[]
  readonly value: ValueShape
  readonly required?: boolean
  /** What an absent key means. */
  readonly default?: string
  /** First and last apiVersion that have the key; absent: all. */
  readonly since?: ApiVersion
  readonly until?: ApiVersion
  /** Accepted for the sake of old files, with a warning that it changes nothing. */
  readonly withoutEffect?: boolean
  readonly doc: string
  readonly example?: string
}

/** One section: a mapping with known keys. */
export interface SectionSpec {
  readonly name: string
  readonly doc: string
  readonly keys: readonly KeySpec[]
  /** Unknown keys that resemble no known one are ignored with a warning, for files that other programs read too. */
  readonly ignoresUnknownKeys?: boolean
  /** YAML that shows it, executed by a test. */
  readonly example?: string
}

/** All apiVersions, oldest first. */
export const API_VERSIONS: readonly ApiVersion[] = [
  '0.1.0',
  '0.2.0',
  '0.3.0',
  '0.4.0',
  '0.5.0',
  '0.6.0',
  '1.0.0'
]

/** Whether a key exists in files of a version. */
export function isIn(spec: KeySpec, version: ApiVersion): boolean {
  const index = API_VERSIONS.indexOf(version)
  if (spec.since !== undefined && index < API_VERSIONS.indexOf(spec.since)) return false
  return spec.until === undefined || index <= API_VERSIONS.indexOf(spec.until)
}
