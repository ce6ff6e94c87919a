// The sentences of the log's errors, said once for all implementations.
import { MillraceError } from '../base/index.ts'

/** No topic has this name. */
export function topicUnknown(topic: string): MillraceError {
  return new MillraceError(
    'TOPIC_UNKNOWN',
    `topic ${quote(topic)} does not exist; the name of an existing topic was expected; ` +
      'create it first or check its spelling',
    { details: { topic } }
  )
}

/** The name is taken. */
export function topicExists(topic: string): MillraceError {
  return new MillraceError(
    'TOPIC_EXISTS',
    `topic ${quote(topic)} exists already; a free name was expected; ` +
      'choose another one or alter the topic',
    { details: { topic } }
  )
}

/** The topic has fewer partitions. */
export function partitionUnknown(topic: string, partition: number, count: number): MillraceError {
  return new MillraceError(
    'PARTITION_UNKNOWN',
    `topic ${quote(topic)} has no partition ${partition}; ` +
      `a number from 0 to ${count - 1} was expected; alter the topic to add partitions`,
    { details: { topic, partition, count } }
  )
}

/** A read past the end. */
export function offsetOutOfRange(
  topic: string,
  partition: number,
  wanted: { readonly offset: number; readonly startOffset: number; readonly endOffset: number }
): MillraceError {
  const { offset, startOffset, endOffset } = wanted
  return new MillraceError(
    'OFFSET_OUT_OF_RANGE',
    `offset ${offset} of ${topic}/${partition} is out of range; ` +
      `${startOffset} to ${endOffset} was expected; read from one of these`,
    { details: { topic, partition, offset, startOffset, endOffset } }
  )
}

/** The log was closed before or during the call. */
export function logClosed(): MillraceError {
  return new MillraceError(
    'LOG_CLOSED',
    'the log is closed; an open log was expected; open it again before using it'
  )
}

/** Puts quotation marks around text from outside and shortens it. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= 300 ? text : `${text.slice(0, 300)}…`)
}
