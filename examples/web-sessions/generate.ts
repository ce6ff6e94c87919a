// Writes the access log of a small shop for a morning to access.log, and prints its hash: the same on every run.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'

const PAGES = ['/', '/books', '/books/dune', '/books/emma', '/cart', '/checkout', '/help']
const ASSETS = ['/style.css', '/shop.js', '/logo.png', '/favicon.ico']
const BEGIN = Date.UTC(2024, 4, 17, 6, 0, 0)
const MINUTE_MS = 60_000

let state = 99

/** A whole number below `limit`, the next of a fixed sequence (a linear congruential generator). */
function below(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * limit)
}

interface Request {
  readonly ms: number
  /** When its line is written: at its end. */
  readonly written: number
  readonly line: string
}

const requests: Request[] = []
for (let visitor = 1; visitor <= 12; visitor++) {
  const address = `203.0.113.${visitor}`
  let ms = below(20) * MINUTE_MS
  const pages = 6 + below(8)
  for (let page = 0; page < pages; page++) {
    const path = page === 0 ? PAGES[0]! : PAGES[below(PAGES.length)]!
    request(address, ms, path, below(20) === 0 ? 404 : 200)
    request(address, ms + 100 + below(400), ASSETS[below(ASSETS.length)]!, 200)
    // Now and then somebody goes for a walk: longer than half an hour, and a new visit begins.
    ms += below(6) === 0 ? (31 + below(40)) * MINUTE_MS : (1 + below(240)) * 1_000
  }
}
// A download that took hours: its line is written long after the visit it belongs to is over.
requests.push({
  ms: 0,
  written: 150 * MINUTE_MS,
  line: lineOf('203.0.113.99', 10 * MINUTE_MS, '/books.zip', 200, 80_000_000)
})

function request(address: string, ms: number, path: string, status: number): void {
  const bytes = 200 + below(20_000)
  const line = lineOf(address, ms, path, status, bytes)
  requests.push({ ms, written: ms + below(20_000), line })
}

/** A line of the combined log format, in the summer time of Berlin. */
function lineOf(address: string, ms: number, path: string, status: number, bytes: number): string {
  const [, day, month, year, time] = /\w+, (\d+) (\w+) (\d+) (\S+)/.exec(
    new Date(BEGIN + ms + 120 * MINUTE_MS).toUTCString()
  )!
  const head = `${address} - - [${day}/${month}/${year}:${time} +0200]`
  return `${head} "GET ${path} HTTP/1.1" ${status} ${bytes} "-" "Mozilla/5.0"`
}

requests.sort((a, b) => a.written - b.written)
const lines = requests.map(({ line }) => line)
lines.splice(40, 0, '-- log rotated --')
const text = `${lines.join('\n')}\n`
writeFileSync('access.log', text)
console.log(`access.log ${createHash('sha256').update(text).digest('hex')}`)
