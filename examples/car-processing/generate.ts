// Writes what the cameras of a road saw in a minute to cars.jsonl, and prints the hash of that: the same on every run.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'

const CAMERAS = ['bridge', 'north gate', 'tunnel']
const KINDS = ['car', 'car', 'car', 'car', 'truck', 'bus']
const TYPICAL: Readonly<Record<string, number>> = { car: 95, truck: 72, bus: 78 }
const BEGIN = Date.UTC(2024, 4, 17, 8, 0, 0)

let state = 7

/** A whole number below `limit`, the next of a fixed sequence (a linear congruential generator). */
function below(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * limit)
}

const seen: { readonly arrives: number; readonly line: string }[] = []
for (let ms = 0; ms < 60_000; ms += 100 + below(500)) {
  const kind = KINDS[below(KINDS.length)]!
  const isRacing = below(25) === 0
  const speed = TYPICAL[kind]! - 20 + below(30) + (isRacing ? 45 : 0)
  const plate = `${'ABCDEFGH'[below(8)]}${'KLMNPRST'[below(8)]} ${100 + below(900)}`
  const camera = CAMERAS[below(CAMERAS.length)]!
  const line = JSON.stringify({ plate, kind, camera, speed, at: BEGIN + ms })
  // Cameras report at once, but for a few over a slow line.
  seen.push({ arrives: ms + below(2_000), line })
}
seen.sort((a, b) => a.arrives - b.arrives)
const text = seen.map(({ line }) => `${line}\n`).join('')
writeFileSync('cars.jsonl', text)
console.log(`cars.jsonl ${createHash('sha256').update(text).digest('hex')}`)
