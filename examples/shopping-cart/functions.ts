// Carts and the inventory of a shop: nothing is sold twice, and what lies in a forgotten cart goes back.
import {
  addressOf,
  jsonType,
  kafkaEgress,
  messageTo,
  statefulFunction,
  valueSpec,
  type EgressMessage,
  type StatefulFunction
} from 'millrace/functions'

interface Wanted {
  readonly shopper: string
  readonly quantity: number
}

const deliveryType = jsonType<{ quantity: number }>('shop/delivery')
const actionType = jsonType<
  | { do: 'add'; item: string; quantity: number }
  | { do: 'remove'; item: string }
  | { do: 'checkout' }
>('shop/action')
const reserveType = jsonType<{ quantity: number }>('shop/reserve')
const releaseType = jsonType<{ quantity: number }>('shop/release')
const replyType = jsonType<{ quantity: number; isReserved: boolean }>('shop/reply')
const expiryType = jsonType<null>('shop/expiry')
const stockType = jsonType<{ available: number; waiting: Wanted[] }>('shop/stock')
const basketType = jsonType<Record<string, number>>('shop/basket')
const CART_MS = 15 * 60_000

/** One per item: what is there, and who waits for it in the order of asking. */
export const inventory: StatefulFunction = statefulFunction({
  typename: 'shop/inventory',
  specs: [valueSpec({ name: 'stock', type: stockType })],
  handler(context, message) {
    const { storage, caller } = context
    const { available = 0, waiting = [] } = storage.stock.get() ?? {}
    const stock = { available, waiting: [...waiting] }
    if (message.is(deliveryType)) stock.available += message.as(deliveryType).quantity
    if (message.is(releaseType)) stock.available += message.as(releaseType).quantity
    if (message.is(reserveType)) {
      const { quantity } = message.as(reserveType)
      stock.waiting.push({ shopper: caller!.id, quantity })
    }
    for (let first = stock.waiting[0]; first !== undefined; first = stock.waiting[0]) {
      if (first.quantity > stock.available) break
      stock.available -= first.quantity
      stock.waiting.shift()
      context.send(reply(first, true))
    }
    const last = stock.waiting.at(-1)
    if (message.is(reserveType) && last !== undefined) context.send(reply(last, false))
    storage.stock.set(stock)
  }
})

function reply({ shopper, quantity }: Wanted, isReserved: boolean) {
  return messageTo(addressOf('shop/cart', shopper), { quantity, isReserved }, replyType)
}

/** One per shopper. A cart that nothing was put into for 15 minutes is emptied. */
export const cart: StatefulFunction = statefulFunction({
  typename: 'shop/cart',
  specs: [valueSpec({ name: 'basket', type: basketType })],
  handler(context, message) {
    const { storage, self, caller } = context
    const basket = storage.basket.get() ?? {}
    const say = (text: string) => context.egress(event(self.id, text))
    const giveBack = (item: string) =>
      context.send(
        messageTo(addressOf('shop/inventory', item), { quantity: basket[item]! }, releaseType)
      )

    if (message.is(replyType)) {
      const { quantity, isReserved } = message.as(replyType)
      const item = caller!.id
      if (!isReserved) return say(`waits for ${quantity} ${item}`)
      say(`gets ${quantity} ${item}`)
      storage.basket.set({ ...basket, [item]: (basket[item] ?? 0) + quantity })
      context.cancelDelayedMessage('expiry')
      const token = { cancellationToken: 'expiry' }
      return context.sendAfter(CART_MS, messageTo(self, null, expiryType), token)
    }
    if (message.is(expiryType)) {
      say(`forgot the cart: ${listOf(basket)} back on the shelf`)
      for (const item of Object.keys(basket)) giveBack(item)
      return storage.basket.remove()
    }
    const action = message.as(actionType)
    if (action.do === 'add') {
      const { item, quantity } = action
      context.send(messageTo(addressOf('shop/inventory', item), { quantity }, reserveType))
    } else if (action.do === 'remove') {
      if (basket[action.item] === undefined) return
      giveBack(action.item)
      const { [action.item]: _, ...others } = basket
      storage.basket.set(others)
    } else {
      context.cancelDelayedMessage('expiry')
      storage.basket.remove()
      say(`buys ${listOf(basket)}`)
    }
  }
})

function listOf(basket: Readonly<Record<string, number>>): string {
  const texts = Object.entries(basket).map(([item, quantity]) => `${quantity} ${item}`)
  return texts.join(', ') || 'nothing'
}

function event(shopper: string, text: string): EgressMessage {
  const value = `${shopper} ${text}`
  return kafkaEgress({ typename: 'shop/events', topic: 'events', key: shopper, value })
}
