// The public face of kafka: a broker that serves a log to Kafka's clients, and the log of what is committed.
export {
  closeBrokerState,
  committedLog,
  openBrokerState,
  startBroker,
  type Broker,
  type BrokerOptions,
  type BrokerSettings,
  type BrokerState
} from './broker/index.ts'
