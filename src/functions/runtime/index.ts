// The public face of the functions' runtime: starting an application, and the topics that it needs.
export type * from './contract.ts'
export type { HandedRecord } from './ingress/entrance.ts'
export { LAST_REQUEST_HEADER, REQUEST_HEADER } from './egress/dead-letters.ts'
export {
  functionsChangelogName,
  functionsDeadLetterName,
  functionsGroupName,
  messagesTopicName
} from './names.ts'
export { isKafkaRecord, kafkaRecord } from './egress/egress.ts'
export { startFunctions } from './start.ts'
export { requiredFunctionTopics, type TopicsOptions } from './topics.ts'
