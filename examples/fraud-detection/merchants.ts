// Serves the merchant scorer as a remote function: `node merchants.ts PORT`.
import { createServer } from 'node:http'
import {
  intType,
  messageTo,
  requestReplyHandler,
  statefulFunction,
  stringType,
  type StatefulFunction
} from 'millrace/functions'
import { trustworthiness } from './third-party.ts'

/** One per merchant. It throws while the third party is down: the runtime then asks again until it is not. */
export const merchantScorer: StatefulFunction = statefulFunction({
  typename: 'fraud/merchant-scorer',
  handler(context, message) {
    message.as(stringType)
    const score = trustworthiness(context.self.id)
    if (score !== null) context.send(messageTo(context.caller!, score, intType))
  }
})

const handler = requestReplyHandler({ functions: [merchantScorer] })
createServer(handler).listen(Number(process.argv[2]), '127.0.0.1')
