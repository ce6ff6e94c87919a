// The public face of kafka: a broker that serves a log to Kafka's clients.
export {
  BROKER_TOPIC,
  startBroker,
  type Broker,
  type BrokerOptions,
  type BrokerSettings
} from './broker/index.ts'
