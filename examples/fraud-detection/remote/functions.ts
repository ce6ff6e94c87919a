// The same functions with StateFun's own SDK for JavaScript, all of them remote: `node functions.ts PORT`.
import { createServer, type RequestListener } from 'node:http'
import { kafkaEgressMessage, messageBuilder, StateFun } from 'apache-flink-statefun'
import { trustworthiness } from '../third-party.ts'

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

const reportType = StateFun.jsonType<{ report: number }>('fraud/report')
const transactionType = StateFun.jsonType<Transaction>('fraud/transaction')
const reportsType = StateFun.jsonType<{ reports: number }>('fraud/reports')
const featuresType = StateFun.jsonType<Features>('fraud/features')
const scoreType = StateFun.jsonType<{ score: number }>('fraud/score')
const THIRTY_DAYS_MS = 30 * 86_400_000
const PATIENCE_MS = 10 * 60_000
const TRUST_UNKNOWN = 30
const ALERT_FROM = 80

const statefun = new StateFun()

statefun.bind({
  typename: 'fraud/count',
  specs: [{ name: 'reports', type: StateFun.intType() }],
  fn(context, message) {
    const { storage, self } = context
    const reports: number = storage.reports ?? 0
    const { typename, id } = self
    if (message.is(reportType)) {
      storage.reports = reports + 1
      context.sendAfter(THIRTY_DAYS_MS, messageBuilder({ typename, id, value: 'forget one' }))
    } else if (message.asString() !== 'forget one') {
      const { typename, id } = context.caller!
      context.send(messageBuilder({ typename, id, value: { reports }, valueType: reportsType }))
    } else if (reports > 1) {
      storage.reports = reports - 1
    } else {
      storage.reports = null
      context.send(record('cleared', id, `${id} has no report any more`))
    }
  }
})

statefun.bind({
  typename: 'fraud/merchant-scorer',
  fn(context) {
    const score = trustworthiness(context.self.id)
    const { typename, id } = context.caller!
    if (score !== null) context.send(messageBuilder({ typename, id, value: score }))
  }
})

statefun.bind({
  typename: 'fraud/transaction-manager',
  specs: [
    { name: 'transaction', type: transactionType },
    { name: 'reports', type: StateFun.intType() },
    { name: 'trust', type: StateFun.intType() }
  ],
  fn(context, message) {
    const { storage } = context
    const { typename, id } = context.self
    if (message.is(transactionType)) {
      const { account, merchant } = (storage.transaction = message.as(transactionType)!)
      context.send(messageBuilder({ typename: 'fraud/count', id: account, value: 'how many' }))
      const scorer = 'fraud/merchant-scorer'
      context.send(messageBuilder({ typename: scorer, id: merchant, value: 'score' }))
      const unknown = messageBuilder({ typename, id, value: TRUST_UNKNOWN })
      return context.sendAfter(PATIENCE_MS, unknown, 'patience')
    }
    const { account, amount, merchant } = storage.transaction as Transaction
    if (message.is(scoreType)) {
      const { score } = message.as(scoreType)!
      const text = `${id}: ${account} pays ${amount} to ${merchant}, score ${score}`
      if (score >= ALERT_FROM) context.send(record('alerts', account, text))
      storage.transaction = storage.reports = storage.trust = null
      return
    }
    if (message.is(reportsType)) storage.reports = message.as(reportsType)!.reports
    if (message.isInt()) {
      storage.trust = message.asInt()
      context.cancelDelayedMessage('patience')
    }
    const { reports, trust } = storage
    if (reports === null || trust === null) return
    const value = { reports, trust, amount }
    const features = { typename: 'fraud/model', id, value, valueType: featuresType }
    context.send(messageBuilder(features))
  }
})

statefun.bind({
  typename: 'fraud/model',
  fn(context, message) {
    const { reports, trust, amount } = message.as(featuresType)!
    const score = Math.min(100, reports * 20 + Math.floor((100 - trust) / 2 + amount / 25))
    const { typename, id } = context.caller!
    context.send(messageBuilder({ typename, id, value: { score }, valueType: scoreType }))
  }
})

function record(topic: string, key: string, value: string) {
  return kafkaEgressMessage({ typename: 'fraud/output', topic, key, value })
}

createServer(statefun.handler() as RequestListener).listen(Number(process.argv[2]), '127.0.0.1')
