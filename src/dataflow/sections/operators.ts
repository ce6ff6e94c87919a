// The operators: what each does with a record, and what its function must look like.
import type { OperatorKind } from '../plan.ts'

/** One operator's declaration: drives the signature checks and the reference. */
export interface OperatorSpec {
  readonly kind: OperatorKind
  /** `step`: in any transforms list; `place`: only under the key of its name. */
  readonly place: 'step' | 'place'
  /** Where it stands, in words. */
  readonly where: string
  readonly doc: string
  /** What the function must return: a value, an optional one, a list, a boolean, a scalar key, or anything. */
  readonly returns: 'value' | 'option' | 'list' | 'boolean' | 'key' | 'anything'
  /** The return in words, for messages. */
  readonly returnsText: string
  /** A function declaration, executed by a test. */
  readonly example: string
}

export const OPERATORS: Readonly<Record<OperatorKind, OperatorSpec>> = {
  map: {
    kind: 'map',
    place: 'step',
    where: 'any transforms',
    doc: 'Turns each value into another one.',
    returns: 'value',
    returnsText: 'a value',
    example: 'function shout(word: string): string { return word.toUpperCase() }'
  },
  filter: {
    kind: 'filter',
    place: 'step',
    where: 'any transforms',
    doc: 'Keeps the values for which the function returns true.',
    returns: 'boolean',
    returnsText: 'a boolean',
    example: 'function isLong(word: string): boolean { return word.length > 3 }'
  },
  'filter-map': {
    kind: 'filter-map',
    place: 'step',
    where: 'any transforms',
    doc: 'Turns each value into another one, or drops it by returning undefined or null.',
    returns: 'option',
    returnsText: 'a value, undefined or null',
    example:
      'function readAge(text: string): u32 | undefined { return /^\\d+$/.test(text) ? Number(text) : undefined }'
  },
  'flat-map': {
    kind: 'flat-map',
    place: 'step',
    where: 'any transforms',
    doc: 'Turns each value into any number of values.',
    returns: 'list',
    returnsText: 'an array',
    example: 'function splitWords(sentence: string): string[] { return sentence.split(/\\s+/) }'
  },
  'assign-key': {
    kind: 'assign-key',
    place: 'place',
    where: 'partition.assign-key',
    doc: 'Gives the key by which partition divides the stream and finds the state. It does not change the record.',
    returns: 'key',
    returnsText: 'a scalar',
    example: 'function byWord(word: string): string { return word }'
  },
  'update-state': {
    kind: 'update-state',
    place: 'place',
    where: 'partition.update-state',
    doc: 'Changes the state of the key. What it returns goes on to the sinks; undefined sends nothing.',
    returns: 'anything',
    returnsText: 'a value or nothing',
    example:
      'function countUp(word: string, ctx: Context): u32 { return ctx.state.countPerWord.update(n => n + 1) }'
  },
  'assign-id': {
    kind: 'assign-id',
    place: 'place',
    where: 'assign-id of a function sink',
    doc: 'Gives the id of the function that gets the value. It does not change the value.',
    returns: 'key',
    returnsText: 'a scalar',
    example: 'function byAccount(text: string): string { return text.split(",")[0] ?? "" }'
  }
}
