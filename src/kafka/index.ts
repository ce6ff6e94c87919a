// The public face of kafka: a broker that serves a log to Kafka's clients, and the log of what is committed.
export {
  ADMISSION_BOUNDS,
  Admission,
  closeBrokerState,
  committedLog,
  describeConfig,
  openBrokerState,
  openLocalBroker,
  specOfConfigs,
  startBroker,
  type Broker,
  type BrokerOptions,
  type BrokerSettings,
  type BrokerState,
  type LocalBroker,
  type LocalBrokerOptions
} from './broker/index.ts'
export { ERROR_CODES } from './wire/index.ts'
