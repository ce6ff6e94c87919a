// A vertex of an undirected graph finds out which component it belongs to, by talking to its neighbours alone.
//
// A component is called by the smallest name in it. A vertex that hears of a smaller name adopts it and tells its
// neighbours, who may tell it something again: messages run in circles until nobody has any news. A vertex that has
// heard none for a second says where it belongs.
import {
  addressOf,
  jsonType,
  kafkaEgress,
  messageTo,
  statefulFunction,
  stringType,
  valueSpec,
  type EgressMessage,
  type StatefulFunction
} from 'millrace/functions'

/** Comes in under the name of one of its ends. */
const edgeType = jsonType<{ to: string }>('graph/edge')
/** A neighbour and the smallest name that it knows. */
const newsType = jsonType<{ component: string }>('graph/news')
const quietType = jsonType<null>('graph/quiet')
const neighboursType = jsonType<string[]>('graph/neighbours')

const QUIET_MS = 1_000

/** One per vertex. */
export const vertex: StatefulFunction = statefulFunction({
  typename: 'graph/vertex',
  specs: [
    valueSpec({ name: 'component', type: stringType }),
    valueSpec({ name: 'neighbours', type: neighboursType })
  ],
  handler(context, message) {
    const { storage, self, caller } = context
    if (message.is(quietType)) return context.egress(answer(self.id, storage.component.get()!))
    const known = storage.component.get()
    const neighbours = storage.neighbours.get() ?? []
    let component = known ?? self.id
    const tell = (name: string) =>
      context.send(messageTo(addressOf('graph/vertex', name), { component }, newsType))

    // An edge makes a neighbour, and so does news from one whose edge came in at the other end.
    const neighbour = message.is(edgeType) ? message.as(edgeType).to : caller!.id
    const isNew = neighbour !== self.id && !neighbours.includes(neighbour)
    if (isNew) storage.neighbours.set([...neighbours, neighbour])
    const heard = message.is(newsType) ? message.as(newsType).component : self.id
    if (heard < component) component = heard
    if (component !== known) {
      storage.component.set(component)
      context.cancelDelayedMessage('quiet')
      context.sendAfter(QUIET_MS, messageTo(self, null, quietType), { cancellationToken: 'quiet' })
      for (const name of neighbours) tell(name)
    }
    if (isNew) tell(neighbour)
  }
})

function answer(name: string, component: string): EgressMessage {
  const value = `${name} is in ${component}`
  return kafkaEgress({ typename: 'graph/components', topic: 'components', key: name, value })
}
