// How far a file has been fed: kept in the log with the records themselves, so that both are there or neither.
//
// A position names the file by its path and by a fingerprint of what was consumed: a file that was replaced
// by another one is noticed and fed from its beginning.
import { createHash } from 'node:crypto'

import type { CommitOffset, GroupPosition } from '../../log/log.ts'

/** Bytes at the beginning of a file that identify it. */
export const FINGERPRINT_BYTES = 4096

/** Groups of feeds begin so; they have no consumers and are not listed among them. */
export const FEED_GROUP_PREFIX = '_millrace.feed/'

/** Paths that make a longer name are hashed; a log takes names up to 1,024 characters. */
const GROUP_LENGTH_MAX = 1000

/** How far a file has been fed into a topic. */
export interface FeedPosition {
  /** Bytes consumed: the next line begins here. */
  readonly bytes: number
  /** Lines consumed. */
  readonly lines: number
  /** The last line consumed had no line end yet. */
  readonly unterminated: boolean
  /** Timestamp of the last record, for lines without one; null when there was none. */
  readonly timestampMs: number | null
  /** Hash of the first min(bytes, FINGERPRINT_BYTES) bytes. */
  readonly fingerprint: string
}

/** Where every file starts. */
export const FEED_START: FeedPosition = {
  bytes: 0,
  lines: 0,
  unterminated: false,
  timestampMs: null,
  fingerprint: ''
}

/** The group that holds the position of the file at the absolute `path` in `topic`. */
export function feedGroup(topic: string, path: string): string {
  const group = `${FEED_GROUP_PREFIX}${topic}/${path}`
  if (group.length <= GROUP_LENGTH_MAX) return group
  return `${FEED_GROUP_PREFIX}${topic}/sha256:${createHash('sha256').update(path).digest('hex')}`
}

/** How many bytes of a file's beginning the fingerprint of a position covers. */
export function fingerprintBytes(position: number): number {
  return Math.min(position, FINGERPRINT_BYTES)
}

/** The fingerprint of a file's beginning. */
export function fingerprintOf(beginning: Uint8Array): string {
  return createHash('sha256').update(beginning).digest('base64url').slice(0, 22)
}

/** What the commit of fed records carries. null forgets the position. */
export function encodePosition(
  topic: string,
  path: string,
  position: FeedPosition | null
): CommitOffset {
  const group = feedGroup(topic, path)
  if (position === null) return { group, topic, partition: 0, offset: null, metadata: '' }
  const { bytes, lines, unterminated, timestampMs, fingerprint } = position
  const metadata = JSON.stringify({ lines, unterminated, timestampMs, fingerprint })
  return { group, topic, partition: 0, offset: bytes, metadata }
}

/** What {@link encodePosition} wrote, as the log gives it back; undefined when nothing or nothing legible is there. */
export function decodePosition(positions: readonly GroupPosition[]): FeedPosition | undefined {
  const [found] = positions
  if (found === undefined) return undefined
  try {
    const metadata = JSON.parse(found.metadata) as Omit<FeedPosition, 'bytes'>
    return { ...metadata, bytes: found.offset }
  } catch {
    return undefined
  }
}
