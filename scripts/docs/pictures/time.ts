// The time in the pictures: seconds behind noon, where all of them begin.
import type { TestDataflow } from '../../../src/testing/index.ts'

const SECOND_MS = 1_000
/** Twelve o'clock, in ms since 1970. */
export const NOON: number = Date.UTC(2026, 0, 1, 12)

/** The timestamp of a second. */
export function timeAt(second: number): number {
  return NOON + second * SECOND_MS
}

/** The second of a timestamp. */
export function secondAt(time: number): number {
  return (time - NOON) / SECOND_MS
}

/** The watermark as a second; null as long as it is not near noon. */
export async function watermarkOf(kit: TestDataflow): Promise<number | null> {
  const { times } = await kit.metrics()
  const watermark = times[0]?.watermark ?? null
  return watermark === null || watermark < timeAt(-60) ? null : secondAt(watermark)
}
