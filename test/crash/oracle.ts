// What the ledger dataflow must come to, computed in one plain loop: the judge of the crash test.

/** One transfer, as the recorder writes it. */
export interface Transfer {
  readonly id: number
  readonly account: string
  readonly amount: number
}

/** Final rows and the ids that each output must hold exactly once. */
export interface Expected {
  readonly accounts: ReadonlyMap<string, { readonly count: number; readonly sum: number }>
  readonly branchSeen: ReadonlyMap<string, number>
  readonly branchIds: ReadonlySet<number>
}

/** The branch of an account, as in ledger.yaml. */
export function branchOf(account: string): string {
  return `branch-${(account.length + account.charCodeAt(account.length - 1)) % 5}`
}

/** Applies all transfers in order. */
export function expect(transfers: readonly Transfer[]): Expected {
  const accounts = new Map<string, { count: number; sum: number }>()
  const branchSeen = new Map<string, number>()
  const branchIds = new Set<number>()
  for (const { id, account, amount } of transfers) {
    const row = accounts.get(account) ?? { count: 0, sum: 0 }
    accounts.set(account, row)
    row.count += 1
    row.sum += amount
    if (id % 7 === 0) continue
    const branch = branchOf(account)
    branchIds.add(id)
    branchSeen.set(branch, (branchSeen.get(branch) ?? 0) + 1)
  }
  return { accounts, branchSeen, branchIds }
}
