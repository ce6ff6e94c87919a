// All APIs that are answered, by name.
import {
  ERROR_CODES,
  type ApiName,
  type RequestOf,
  type ResponseOf,
  type Sparse
} from '../../wire/index.ts'
import type { BrokerContext, Caller, Handler } from '../context.ts'
import { handleCreateAcls, handleDeleteAcls, handleDescribeAcls } from './acls.ts'
import { apiVersions, apiVersionsHandler } from './api-versions.ts'
import {
  handleHeartbeat,
  handleJoinGroup,
  handleLeaveGroup,
  handleSyncGroup
} from './classic-groups.ts'
import {
  handleAlterConfigs,
  handleDescribeConfigs,
  handleIncrementalAlterConfigs
} from './configs.ts'
import { handleConsumerGroupDescribe, handleConsumerGroupHeartbeat } from './consumer-groups.ts'
import { handleFetch } from './fetch.ts'
import { handleDeleteGroups, handleDescribeGroups, handleListGroups } from './groups.ts'
import {
  handleDeleteRecords,
  handleListOffsets,
  handleOffsetForLeaderEpoch
} from './list-offsets.ts'
import { handleDescribeLogDirs, handleDescribeProducers } from './log-dirs.ts'
import {
  handleDescribeCluster,
  handleDescribeTopicPartitions,
  handleFindCoordinator,
  handleMetadata
} from './metadata.ts'
import { handleOffsetCommit, handleOffsetDelete, handleOffsetFetch } from './offsets.ts'
import { handleProduce } from './produce.ts'
import { handleSaslAuthenticate, handleSaslHandshake } from './sasl.ts'
import {
  handleAlterUserScramCredentials,
  handleDescribeUserScramCredentials
} from './scram-users.ts'
import { handleCreatePartitions, handleCreateTopics, handleDeleteTopics } from './topics.ts'
import {
  handleAddOffsetsToTxn,
  handleAddPartitionsToTxn,
  handleDescribeTransactions,
  handleEndTxn,
  handleInitProducerId,
  handleListTransactions,
  handleTxnOffsetCommit
} from './transactions.ts'

/** A handler whose API is not known at compile time: the caller gives it the request that its API has. */
export type AnyHandler = (
  context: BrokerContext,
  request: RequestOf<ApiName>,
  caller: Caller,
  version: number
) => Promise<object | null> | object

/** What answers each API; those without are not announced, and refused. */
export const HANDLERS: { readonly [Name in ApiName]?: Handler<Name> } = {
  AddOffsetsToTxn: handleAddOffsetsToTxn,
  AddPartitionsToTxn: handleAddPartitionsToTxn,
  AlterConfigs: handleAlterConfigs,
  AlterUserScramCredentials: handleAlterUserScramCredentials,
  ApiVersions: apiVersionsHandler(() => announced()),
  ConsumerGroupDescribe: handleConsumerGroupDescribe,
  ConsumerGroupHeartbeat: handleConsumerGroupHeartbeat,
  CreateAcls: handleCreateAcls,
  CreatePartitions: handleCreatePartitions,
  CreateTopics: handleCreateTopics,
  DeleteAcls: handleDeleteAcls,
  DeleteGroups: handleDeleteGroups,
  DeleteRecords: handleDeleteRecords,
  DeleteTopics: handleDeleteTopics,
  DescribeAcls: handleDescribeAcls,
  DescribeCluster: handleDescribeCluster,
  DescribeConfigs: handleDescribeConfigs,
  DescribeGroups: handleDescribeGroups,
  DescribeLogDirs: handleDescribeLogDirs,
  DescribeProducers: handleDescribeProducers,
  DescribeTopicPartitions: handleDescribeTopicPartitions,
  DescribeTransactions: handleDescribeTransactions,
  DescribeUserScramCredentials: handleDescribeUserScramCredentials,
  EndTxn: handleEndTxn,
  Fetch: handleFetch,
  FindCoordinator: handleFindCoordinator,
  Heartbeat: handleHeartbeat,
  IncrementalAlterConfigs: handleIncrementalAlterConfigs,
  InitProducerId: handleInitProducerId,
  JoinGroup: handleJoinGroup,
  LeaveGroup: handleLeaveGroup,
  ListGroups: handleListGroups,
  ListOffsets: handleListOffsets,
  ListTransactions: handleListTransactions,
  Metadata: handleMetadata,
  OffsetCommit: handleOffsetCommit,
  OffsetDelete: handleOffsetDelete,
  OffsetFetch: handleOffsetFetch,
  OffsetForLeaderEpoch: handleOffsetForLeaderEpoch,
  Produce: handleProduce,
  SaslAuthenticate: handleSaslAuthenticate,
  SaslHandshake: handleSaslHandshake,
  SyncGroup: handleSyncGroup,
  TxnOffsetCommit: handleTxnOffsetCommit
}

const announced = (): ReadonlySet<string> => new Set(Object.keys(HANDLERS))

/** A client that is newer than this program asks again with a version that it is told (KIP-511). */
export const unsupportedVersions = (): Sparse<ResponseOf<'ApiVersions'>> =>
  apiVersions(ERROR_CODES.UNSUPPORTED_VERSION, announced())
