// A person counts its visits and lets the greeter greet; both are functions of this process.
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

const greetRequest = jsonType<{ name: string; visits?: number }>('example/GreetRequest')

/** One per name: counts the visits. */
export const person: StatefulFunction = statefulFunction({
  typename: 'example/person',
  specs: [valueSpec({ name: 'visits', type: intType })],
  handler(context, message) {
    const { storage, self } = context
    const visits = (storage.visits.get() ?? 0) + 1
    storage.visits.set(visits)
    const { name } = message.as(greetRequest)
    context.send(messageTo(addressOf('example/greeter', self.id), { name, visits }, greetRequest))
  }
})

/** Has no state: makes the text. */
export const greeter: StatefulFunction = statefulFunction({
  typename: 'example/greeter',
  handler(context, message) {
    const { name, visits = 1 } = message.as(greetRequest)
    context.egress(
      kafkaEgress({
        typename: 'example/greets',
        topic: 'greetings',
        key: name,
        value: greeting(name, visits)
      })
    )
  }
})

function greeting(name: string, visits: number): string {
  if (visits === 1) return `Welcome, ${name}!`
  if (visits === 2) return `Nice to see you again, ${name}.`
  return `${name}, this is your visit number ${visits}.`
}
