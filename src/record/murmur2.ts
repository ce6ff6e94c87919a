// Murmur2 (Appleby 2008) with Kafka's seed, and the partition of a key by Kafka's default rule.
import { assert } from '../base/index.ts'

const SEED = 0x9747_b28c
const MULTIPLIER = 0x5bd1_e995

/** The 32-bit murmur2 of `start`…`end` of `bytes`, as a signed number, as Kafka's Java client has it. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  // Hot: per record that is keyed; a key of 20 bytes takes about 20 ns.
  const length = end - start
  let hash = SEED ^ length
  let at = start
  for (const last = start + (length & ~3); at < last; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, MULTIPLIER)
    word ^= word >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  const rest = length & 3
  if (rest === 3) hash ^= bytes[at + 2]! << 16
  if (rest >= 2) hash ^= bytes[at + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[at]!, MULTIPLIER)
  hash ^= hash >>> 13
  hash = Math.imul(hash, MULTIPLIER)
  return hash ^ (hash >>> 15)
}

/**
 * The partition of a key among `partitions`: the same one that Kafka's Java, Python and JavaScript
 * clients choose, so that topics written by either side are partitioned alike.
 */
export function partitionForKey(
  bytes: Uint8Array,
  start: number,
  end: number,
  partitions: number
): number {
  assert(partitions > 0, 'a topic has a partition')
  return (murmur2(bytes, start, end) & 0x7fff_ffff) % partitions
}
