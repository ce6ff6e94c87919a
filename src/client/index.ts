// The public face of client, `millrace/client`: what users import to produce, consume and administrate.
export { MillraceError, isMillraceError } from '../base/index.ts'
export { Admin } from './admin.ts'
export { Client, connect, openClient, type ClientHost, type ConnectOptions } from './client.ts'
export { bytes, json, text, type Codec, type Codecs } from './codec.ts'
export type { TopicChoice } from './consumer/assignments.ts'
export { Consumer } from './consumer/consumer.ts'
export type { ConsumedRecord, ConsumerDelivery, ConsumerOptions } from './consumer/options.ts'
export type { StartPosition } from './consumer/start.ts'
export type {
  Compression,
  ConfigFacts,
  Isolation,
  PartitionOffset,
  TopicPartition
} from './driver.ts'
export type * from './objects.ts'
export type { OutgoingRecord, Partitioner } from './placer.ts'
export { Producer, type Delivery, type ProducerOptions, type TransactionScope } from './producer.ts'
export * from './profiles/index.ts'
export { dataflowTopics, schemaCodec, topicCodecs, type DeclaredTopics } from './schema-codec.ts'
