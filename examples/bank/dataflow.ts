// Accounts of a bank and a watch over them: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, keyed, state, t, topic } from 'millrace/dataflow'

const customer = t.object('customer', { account: t.string, name: t.string, limit: t.u32 })
const transfer = t.object('transfer', { id: t.u32, account: t.string, amount: t.s64 })
const statement = t.object('statement', { transfer: t.u32, balance: t.s64 })
const overdraft = t.object('overdraft', {
  transfer: t.u32,
  name: t.string,
  balance: t.s64,
  wanted: t.s64,
  short: t.s64
})

const transfers = topic('transfers', transfer)
const known = state(t.string, t.row({ name: t.string, limit: t.u32 }))
const balances = state(t.string, t.s64)

const customers = from(topic('customers', customer))
  .states({ known })
  .keyBy('account')
  .updateState(function note(customer, ctx) {
    ctx.state.known.set({ name: customer.name, limit: customer.limit })
  })

const accounts = from(transfers)
  .states({ balances })
  .keyBy('account')
  .typed(t.keyValue(t.string, statement))
  .updateState(function book(transfer, ctx) {
    const balance = ctx.state.balances.update(balance => balance + transfer.amount)
    return keyed(transfer.account, { transfer: transfer.id, balance })
  })
  .to(topic('statements', { key: t.string, value: statement }))

const watch = from(transfers)
  .states({ balances: balances.from('accounts.balances'), known: known.from('customers.known') })
  .keyBy('account')
  .typed(t.keyValue(t.string, overdraft))
  .filterMap(function overdraftOf(transfer, ctx) {
    const balance = ctx.state.balances.get()
    const { name, limit } = ctx.state.known.get()
    const short = -(balance + transfer.amount) - limit
    if (transfer.amount >= 0 || short <= 0) return undefined
    const { id, account, amount } = transfer
    return keyed(account, { transfer: id, name, balance, wanted: -amount, short })
  })
  .to(topic('overdrafts', { key: t.string, value: overdraft }))

export const flow: Dataflow = dataflow('bank', { namespace: 'examples', version: '0.1.0' })
  .service('customers', customers)
  .service('accounts', accounts)
  .service('watch', watch)
