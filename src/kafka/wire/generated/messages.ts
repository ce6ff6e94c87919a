// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
import type { ClusterMessages } from './cluster.ts'
export type * from './cluster.ts'
import type { ConsumerGroupsMessages } from './consumer-groups.ts'
export type * from './consumer-groups.ts'
import type { GroupsMessages } from './groups.ts'
export type * from './groups.ts'
import type { OffsetsMessages } from './offsets.ts'
export type * from './offsets.ts'
import type { RecordsMessages } from './records.ts'
export type * from './records.ts'
import type { SecurityMessages } from './security.ts'
export type * from './security.ts'
import type { TopicsMessages } from './topics.ts'
export type * from './topics.ts'
import type { TransactionsMessages } from './transactions.ts'
export type * from './transactions.ts'
/** Requests and responses by the name of their API. */
export interface Messages
  extends
    ClusterMessages,
    ConsumerGroupsMessages,
    GroupsMessages,
    OffsetsMessages,
    RecordsMessages,
    SecurityMessages,
    TopicsMessages,
    TransactionsMessages {}
