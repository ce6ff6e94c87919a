// Stands for the service of somebody else that knows merchants: it is down now and then, and does not know everybody.

const asked = new Set<string>()

/** How trustworthy a merchant is, 0 to 100; null when it is not known. @throws the service is down */
export function trustworthiness(merchant: string): number | null {
  const number = Number(merchant.replace(/\D/g, ''))
  // Every third question comes while the service is down; the next one succeeds.
  if (number % 3 === 0 && !asked.has(merchant)) {
    asked.add(merchant)
    throw new Error(`no answer about ${merchant}`)
  }
  return number % 7 === 0 ? null : (number * 37) % 101
}
