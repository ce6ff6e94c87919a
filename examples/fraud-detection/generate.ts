// Writes reports.txt and transactions.txt: seeded, so everybody gets the same. Run with `node generate.ts`.
import { writeFileSync } from 'node:fs'

const TRANSACTIONS = 300
const REPORTS = 25
const ACCOUNTS = 40
const MERCHANTS = 20

let state = 20_240_229

/** A whole number from 1 to `max`. */
function upTo(max: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return 1 + Math.floor((state / 2 ** 32) * max)
}

function numbered(kind: string, number: number): string {
  return `${kind}-${String(number).padStart(3, '0')}`
}

// Most of the fraud hits few accounts.
const reports = Array.from({ length: REPORTS }, (_, index) => {
  const account = numbered('account', upTo(upTo(ACCOUNTS)))
  return `${account}:${JSON.stringify({ report: index + 1 })}`
})
const transactions = Array.from({ length: TRANSACTIONS }, (_, index) => {
  const account = numbered('account', upTo(ACCOUNTS))
  const merchant = numbered('merchant', upTo(MERCHANTS))
  const amount = upTo(upTo(1_000))
  return `${numbered('transaction', index + 1)}:${JSON.stringify({ account, merchant, amount })}`
})
writeFileSync('reports.txt', `${reports.join('\n')}\n`)
writeFileSync('transactions.txt', `${transactions.join('\n')}\n`)
