// The functions that find fraud, for the process of the engine; the merchant scorer is in merchants.ts.
import {
  addressOf,
  intType,
  jsonType,
  kafkaEgress,
  messageTo,
  statefulFunction,
  stringType,
  valueSpec,
  type EgressMessage,
  type StatefulFunction
} from 'millrace/functions'

interface Transaction {
  readonly account: string
  readonly merchant: string
  readonly amount: number
}

interface Features {
  readonly reports: number
  readonly trust: number
  readonly amount: number
}

const reportType = jsonType<{ report: number }>('fraud/report')
const transactionType = jsonType<Transaction>('fraud/transaction')
const reportsType = jsonType<{ reports: number }>('fraud/reports')
const featuresType = jsonType<Features>('fraud/features')
const scoreType = jsonType<{ score: number }>('fraud/score')
const THIRTY_DAYS_MS = 30 * 86_400_000
/** How long a transaction waits for what is known of its merchant. */
const PATIENCE_MS = 10 * 60_000
/** What is assumed of a merchant that nothing is known of. */
const TRUST_UNKNOWN = 30
const ALERT_FROM = 80

/** One per account: how many transactions were reported as fraud in the last 30 days. */
export const fraudCount: StatefulFunction = statefulFunction({
  typename: 'fraud/count',
  specs: [valueSpec({ name: 'reports', type: intType })],
  handler(context, message) {
    const { storage, self } = context
    const reports = storage.reports.get() ?? 0
    if (message.is(reportType)) {
      storage.reports.set(reports + 1)
      context.sendAfter(THIRTY_DAYS_MS, messageTo(self, 'forget one', stringType))
    } else if (message.asString() !== 'forget one') {
      context.send(messageTo(context.caller!, { reports }, reportsType))
    } else if (reports > 1) {
      storage.reports.set(reports - 1)
    } else {
      storage.reports.remove()
      context.egress(record('cleared', self.id, `${self.id} has no report any more`))
    }
  }
})

/** One per transaction: gathers what is known, asks the model, raises the alert. */
export const transactionManager: StatefulFunction = statefulFunction({
  typename: 'fraud/transaction-manager',
  specs: [
    valueSpec({ name: 'transaction', type: transactionType }),
    valueSpec({ name: 'reports', type: intType }),
    valueSpec({ name: 'trust', type: intType })
  ],
  handler(context, message) {
    const { storage, self } = context
    if (message.is(transactionType)) {
      const transaction = message.as(transactionType)
      const { account, merchant } = transaction
      storage.transaction.set(transaction)
      context.send(messageTo(addressOf('fraud/count', account), 'how many', stringType))
      context.send(messageTo(addressOf('fraud/merchant-scorer', merchant), 'score', stringType))
      const patience = { cancellationToken: 'patience' }
      context.sendAfter(PATIENCE_MS, messageTo(self, TRUST_UNKNOWN, intType), patience)
      return
    }
    const transaction = storage.transaction.get()!
    if (message.is(scoreType)) {
      const { score } = message.as(scoreType)
      const { account, amount, merchant } = transaction
      const text = `${self.id}: ${account} pays ${amount} to ${merchant}, score ${score}`
      if (score >= ALERT_FROM) context.egress(record('alerts', account, text))
      // What was gathered for this transaction is of no use any more.
      storage.transaction.remove()
      storage.reports.remove()
      storage.trust.remove()
      return
    }
    if (message.is(reportsType)) storage.reports.set(message.as(reportsType).reports)
    if (message.isInt()) {
      storage.trust.set(message.asInt())
      context.cancelDelayedMessage('patience')
    }
    const reports = storage.reports.get()
    const trust = storage.trust.get()
    if (reports === null || trust === null) return
    const features = { reports, trust, amount: transaction.amount }
    context.send(messageTo(addressOf('fraud/model', self.id), features, featuresType))
  }
})

/** Has no state: scores what it is given, from 0 to 100. */
export const model: StatefulFunction = statefulFunction({
  typename: 'fraud/model',
  handler(context, message) {
    const { reports, trust, amount } = message.as(featuresType)
    const score = Math.min(100, reports * 20 + Math.floor((100 - trust) / 2 + amount / 25))
    context.send(messageTo(context.caller!, { score }, scoreType))
  }
})

function record(topic: string, key: string, value: string): EgressMessage {
  return kafkaEgress({ typename: 'fraud/output', topic, key, value })
}
