// Declares one persistent value of a function: its name, its type, and when it expires.
import { MillraceError } from '../../base/index.ts'
import type { Type } from './types.ts'

/** When a value disappears by itself. */
export type ExpireMode = 'none' | 'after-write' | 'after-invoke'

/** When a value disappears by itself, and after how long. */
export interface Expiration {
  /** `after-write`: since it was last set; `after-invoke`: since the function was last invoked at that address. */
  readonly mode: ExpireMode
  /** 0 for `none`, else at least 1. */
  readonly durationMs: number
}

/** One declared value. Made by {@link valueSpec}. */
export interface ValueSpec<N extends string = string, T = unknown> {
  readonly name: N
  readonly type: Type<T>
  readonly expiration: Expiration
}

/** Any spec, whatever its type. */
export type AnyValueSpec = ValueSpec<string, unknown>

/** What a {@link ValueSpec} is made from; at most one of the two expirations. */
export interface ValueSpecOptions<N extends string, T> {
  /** A letter or `_`, then letters, digits, `_`. The original JavaScript SDK takes only a–z and `_`. */
  readonly name: N
  readonly type: Type<T>
  readonly expireAfterWriteMs?: number
  readonly expireAfterInvokeMs?: number
}

const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/
const NAMES_RESERVED = new Set(['__proto__', 'constructor', 'prototype'])
/** A value that stays until it is removed. */
export const NO_EXPIRATION: Expiration = { mode: 'none', durationMs: 0 }

/**
 * Declares a value.
 * @throws FUNCTION_SPEC the name is no identifier, both expirations are given, or one is not a whole number ≥ 1
 */
export function valueSpec<const N extends string, T>(
  options: ValueSpecOptions<N, T>
): ValueSpec<N, T> {
  const { name, type } = options
  if (!NAME_PATTERN.test(name) || NAMES_RESERVED.has(name)) {
    throw specError(
      `the name of a value is ${JSON.stringify(name)}; expected a letter or "_", then letters, digits or "_", ` +
        'at most 100; rename it'
    )
  }
  return { name, type, expiration: expirationOf(options) }
}

function expirationOf(options: ValueSpecOptions<string, unknown>): Expiration {
  const { name, expireAfterWriteMs, expireAfterInvokeMs } = options
  if (expireAfterWriteMs !== undefined && expireAfterInvokeMs !== undefined) {
    throw specError(
      `the value "${name}" expires both after write and after invoke; expected one of them; remove the other`
    )
  }
  const durationMs = expireAfterWriteMs ?? expireAfterInvokeMs
  if (durationMs === undefined) return NO_EXPIRATION
  if (!Number.isSafeInteger(durationMs) || durationMs < 1) {
    throw specError(
      `the value "${name}" expires after ${durationMs} ms; expected a whole number from 1; correct it`
    )
  }
  return { mode: expireAfterWriteMs === undefined ? 'after-invoke' : 'after-write', durationMs }
}

function specError(message: string): MillraceError {
  return new MillraceError('FUNCTION_SPEC', message)
}
