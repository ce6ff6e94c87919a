// The front door: a Kafka broker over a log, also one without a listener, and the log as readers of committed records
// see it.
export { startBroker, type Broker, type BrokerOptions } from './broker.ts'
export { closeBrokerState, openBrokerState, type BrokerState } from './broker-state.ts'
export { committedLog } from './committed-log.ts'
export type { BrokerSettings } from './context.ts'
export { openLocalBroker, type LocalBroker, type LocalBrokerOptions } from './local.ts'
export { describeConfig, specOfConfigs } from './topic-configs.ts'
export { ADMISSION_BOUNDS, Admission } from './security/admission.ts'
