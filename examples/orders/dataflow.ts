// Orders of two shops: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, keyed, merge, state, t, topic } from 'millrace/dataflow'

const webItem = t.object('web-item', { product: t.string, price: t.u32 })
const webOrder = t.object('web-order', { user: t.string, items: t.list(webItem) })
const channel = t.enum('channel', { web: null, store: null })
const order = t.object('order', {
  customer: t.string,
  product: t.string,
  amount: t.u32,
  channel
})
const profile = t.object('profile', { customer: t.string, tier: t.string })
const total = t.object('spending', { customer: t.string, orders: t.u32, total: t.u64 })

const orders = topic('orders', order)
const spending = topic('spending', { key: t.string, value: total })
const tier = state(t.string, t.string)

// Who is in which tier: a state that `reward` reads.
const customers = from(topic('profiles', profile))
  .states({ tier })
  .keyBy(function byProfile(profile) {
    return profile.customer
  })
  .updateState(function setTier(profile, ctx) {
    ctx.state.tier.set(profile.tier)
  })

// Merge: two sources with shapes of their own become orders. Split: large ones go to a topic of their own as well.
const intake = merge(
  from(topic('web-orders', webOrder))
    .typed(order)
    .flatMap(function eachItem(order) {
      return order.items.map(item => ({
        customer: order.user,
        product: item.product,
        amount: item.price,
        channel: 'web'
      }))
    }),
  from(topic('store-orders', t.string))
    .typed(order)
    .filterMap(function parseStoreOrder(line) {
      const [customer, product, amount] = line.split(';')
      if (!customer || !product || !amount) return undefined
      return { customer, product, amount: Number(amount), channel: 'store' }
    })
)
  .to(orders)
  .to(topic('large-orders', order), stream =>
    stream.filter(function isLarge(order) {
      return order.amount >= 100
    })
  )

// Re-keying: orders have no key; from here on the customer is the key.
const sum = from(orders)
  .states({ spent: state(t.string, t.row({ orders: t.u32, total: t.u64 })) })
  .keyBy(function byCustomer(order) {
    return order.customer
  })
  .typed(t.keyValue(t.string, total))
  .updateState(function addUp(order, ctx) {
    const row = ctx.state.spent.update(row => {
      row.orders += 1
      row.total += order.amount
    })
    return keyed(order.customer, {
      customer: order.customer,
      orders: row.orders,
      total: row.total
    })
  })
  .to(spending)

// A state of another service, read under the record's key.
const reward = from(spending)
  .states({ tier: tier.from('customers.tier') })
  .typed(t.string)
  .filterMap(function rewardFor(spending, ctx) {
    const step = ctx.state.tier.at(spending.customer).get() === 'gold' ? 100 : 200
    if (spending.total < step) return undefined
    return `${spending.customer} has ${Math.floor(spending.total / step)} for ${spending.total}`
  })
  .to(topic('rewards', { key: t.string, value: t.string }))

export const flow: Dataflow = dataflow('orders', { namespace: 'examples', version: '0.1.0' })
  .service('customers', customers)
  .service('intake', intake)
  .service('sum', sum)
  .service('reward', reward)
