// Accounts with balances and an auditor over all of them, for the tests of functions between dataflows.
import {
  addressOf,
  intType,
  jsonType,
  kafkaEgress,
  messageTo,
  statefulFunction,
  valueSpec,
  type StatefulFunction
} from 'millrace/functions'

const DAY_MS = 86_400_000
const transferType = jsonType<{ id: number; account: string; amount: number }>('test/Transfer')

/** One per account: adds up and tells the balance. */
export const account: StatefulFunction = statefulFunction({
  typename: 'test/account',
  specs: [
    valueSpec({ name: 'balance', type: intType }),
    valueSpec({ name: 'entries', type: intType })
  ],
  handler(context, message) {
    const { storage, self } = context
    const { id, amount } = message.as(transferType)
    const balance = (storage.balance.get() ?? 0) + amount
    const entries = (storage.entries.get() ?? 0) + 1
    storage.balance.set(balance)
    storage.entries.set(entries)
    const value = JSON.stringify({ id, account: self.id, amount, balance, entries })
    context.egress(kafkaEgress({ typename: 'test/out', topic: 'balances', key: self.id, value }))
    if (entries > 1) context.cancelDelayedMessage('statement')
    const statement = messageTo(addressOf('test/auditor', 'all'), 0, intType)
    context.sendAfter(DAY_MS, statement, { cancellationToken: 'statement' })
  }
})

/** One for all: the sum of all amounts, in the order in which they come. */
export const auditor: StatefulFunction = statefulFunction({
  typename: 'test/auditor',
  specs: [valueSpec({ name: 'sum', type: intType })],
  handler(context, message) {
    const sum = (context.storage.sum.get() ?? 0) + message.asInt()
    context.storage.sum.set(sum)
  }
})
