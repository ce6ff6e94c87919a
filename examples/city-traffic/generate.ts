// Prints what sensors of a city's roads report, one JSON record a line: the same on every run.
//
// Six sensors send a car's speed about every 40 ms for a minute. Most reports are up to 1.5 s late on their way; a few
// come 12 s late; one sensor has its clock wrong.
const ROADS = ['Broadway', 'Elm Street', 'Harbour Road', 'Mill Lane', 'Ring Road', 'Station Street']
const LIMITS = [50, 30, 60, 30, 80, 40]
const BEGIN = Date.UTC(2024, 4, 17, 8, 0, 0)

let state = 20_240_517

/** A number from 0 to 1, the next of a fixed sequence (a linear congruential generator). */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}

const reports: { readonly arrives: number; readonly line: string }[] = []
for (let ms = 0; ms < 60_000; ms += 1 + Math.floor(random() * 80)) {
  const road = Math.floor(random() * ROADS.length)
  // Between 8:00:20 and 8:00:35 nothing moves on the Ring Road.
  const isJam = road === 4 && ms > 20_000 && ms < 35_000
  const limit = isJam ? 8 : LIMITS[road]!
  const speed = Math.round(limit * (0.6 + random() * 0.6) * 10) / 10
  const car = `C${100 + Math.floor(random() * 400)}`
  const isLate = random() < 0.005
  const isWrong = reports.length === 700
  const at = new Date(isWrong ? Date.UTC(2099, 0, 1) : BEGIN + ms).toISOString()
  const delay = isLate ? 12_000 : Math.floor(random() * 1_500)
  const line = JSON.stringify({ road: ROADS[road], car, speed, at })
  reports.push({ arrives: ms + delay, line })
}
reports.sort((a, b) => a.arrives - b.arrives)
for (const { line } of reports) console.log(line)
