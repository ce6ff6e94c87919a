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
  readonly returns: 'value' | 'option' | 'list' | 'boolean' | 'key' | 'timestamp' | 'anything'
  /** What the function gets: `(value)` or `(value, ctx)`, nothing or `(ctx)`, or `(value)` only. */
  readonly takes: 'value' | 'context' | 'alone'
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
    takes: 'value',
    returnsText: 'a value',
    example: 'function shout(word: string): string { return word.toUpperCase() }'
  },
  filter: {
    kind: 'filter',
    place: 'step',
    where: 'any transforms',
    doc: 'Keeps the values for which the function returns true.',
    returns: 'boolean',
    takes: 'value',
    returnsText: 'a boolean',
    example: 'function isLong(word: string): boolean { return word.length > 3 }'
  },
  'filter-map': {
    kind: 'filter-map',
    place: 'step',
    where: 'any transforms',
    doc: 'Turns each value into another one, or drops it by returning undefined or null.',
    returns: 'option',
    takes: 'value',
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
    takes: 'value',
    returnsText: 'an array',
    example: 'function splitWords(sentence: string): string[] { return sentence.split(/\\s+/) }'
  },
  'assign-key': {
    kind: 'assign-key',
    place: 'place',
    where: 'partition.assign-key',
    doc: 'Gives the key by which partition divides the stream and finds the state. It does not change the record.',
    returns: 'key',
    takes: 'value',
    returnsText: 'a scalar',
    example: 'function byWord(word: string): string { return word }'
  },
  'update-state': {
    kind: 'update-state',
    place: 'place',
    where: 'partition.update-state',
    doc: 'Changes the state of the key. What it returns goes on to the sinks; undefined sends nothing.',
    returns: 'anything',
    takes: 'value',
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
    takes: 'value',
    returnsText: 'a scalar',
    example: 'function byAccount(text: string): string { return text.split(",")[0] ?? "" }'
  },
  'assign-timestamp': {
    kind: 'assign-timestamp',
    place: 'place',
    where: 'window.assign-timestamp, or assign-timestamp of the service',
    doc:
      'Gives the time at which a record happened, in milliseconds since 1970. From there on it is the record’s ' +
      'timestamp; before, `ctx.timestamp` is that of its production. In files before 1.0.0 the second parameter is ' +
      'that timestamp.',
    returns: 'timestamp',
    takes: 'value',
    returnsText: 'a number of milliseconds since 1970',
    example: 'function whenSeen(word: string, ctx: Context): s64 { return ctx.timestamp }'
  },
  merge: {
    kind: 'merge',
    place: 'place',
    where: 'window.partition.merge',
    doc:
      'Adds the states of one part of a window to those of another. It gets one part as an object with a property ' +
      'for each state, and changes the other in `ctx.state`.',
    returns: 'anything',
    takes: 'value',
    returnsText: 'nothing',
    example:
      'function addUp(part: any, ctx: Context): void { ctx.state.countPerWord.update(n => n + part.countPerWord) }'
  },
  flush: {
    kind: 'flush',
    place: 'place',
    where: 'window.flush or window.partition.flush',
    doc:
      'Gives the result of a window when it closes: of the window over all its keys, of the partition for each key. ' +
      'undefined sends nothing. The result has the last millisecond of the window for its timestamp.',
    returns: 'anything',
    takes: 'context',
    returnsText: 'a value or nothing',
    example:
      'function countWords(ctx: Context): u32 { return [...ctx.state.countPerWord.entries()].length }'
  },
  migrate: {
    kind: 'migrate',
    place: 'place',
    where: 'migrate of a state',
    doc:
      'Makes a state’s value of one that was stored with another type, once, when the changed file starts. Its ' +
      'parameter has the old type, which the file declares under another name. It gets no context.',
    returns: 'value',
    takes: 'alone',
    returnsText: 'a value',
    example: 'function addUnit(amount: u32): string { return `${amount} EUR` }'
  }
}
