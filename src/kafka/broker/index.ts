// The front door: a Kafka broker over a log.
export { startBroker, type Broker, type BrokerOptions } from './broker.ts'
export type { BrokerSettings } from './context.ts'
export { BROKER_TOPIC } from './store.ts'
