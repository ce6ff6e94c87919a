// What of a broker is there without a listener: its memory, and the transactions, which end by themselves in time.
import type { Clock } from '../../base/index.ts'
import type { Log } from '../../log/index.ts'
import { openAbortedTransactions } from './transactions/aborted-transactions.ts'
import { openStore, type BrokerStore } from './store.ts'
import { Transactions } from './transactions/transactions.ts'

/** Made by {@link openBrokerState}; {@link closeBrokerState} stops its timers. */
export interface BrokerState {
  readonly store: BrokerStore
  readonly transactions: Transactions
}

/** Reads what a broker knew of a log, or begins it. One at a time may be open. @throws BROKER_STATE_DAMAGED */
export async function openBrokerState(log: Log, clock: Clock): Promise<BrokerState> {
  const store = await openStore(log, clock)
  const aborted = await openAbortedTransactions(log, store)
  return { store, transactions: new Transactions(log, clock, store, aborted) }
}

/** Stops the timers of open transactions; the next process goes on with them. */
export function closeBrokerState({ transactions }: BrokerState): void {
  transactions.close()
}
