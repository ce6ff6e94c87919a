// Every bound of the product, with the sum that derives it. A queue without a line here is a defect.
import { assert } from './assert.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Largest record batch that the log takes, in bytes. */
export const BATCH_BYTES_MAX: number = 16 * MIB
/** What a producer or a task aims at per batch: from 256 KiB on, fsync costs less than encoding. */
export const BATCH_BYTES_TARGET: number = 256 * KIB
/** Most bytes of one group commit; later commits wait for the next one. Twice the largest batch. */
export const GROUP_COMMIT_BYTES_MAX: number = 32 * MIB
/** Commits that may wait in front of the log's writer, in bytes, before `commit` applies back-pressure. */
export const COMMIT_QUEUE_BYTES_MAX: number = 64 * MIB
/** A journal file is sealed when it is larger. A start scans one unsealed file: 64 MiB at 1 GB/s is 64 ms. */
export const JOURNAL_FILE_BYTES_TARGET: number = 64 * MIB
/** Newest bytes of the journal in memory, over all partitions: who follows within them needs no disk. */
export const LOG_TAIL_BYTES_MAX: number = 16 * MIB
/** Batches of sealed journal files whose places are in memory: five numbers each, 20 MB. */
export const LOG_INDEX_BATCHES_MAX = 500_000
/** Sealed journal files that are open at once. */
export const LOG_FILES_OPEN_MAX = 64
/** Keys that one compaction holds, in bytes: 1.4 million of 20 bytes. Larger partitions take several passes. */
export const COMPACTION_KEY_BYTES_MAX: number = 64 * MIB
/** Bytes that one read returns at most, unless a single batch is larger. */
export const READ_BYTES_MAX: number = MIB
/** Output bytes after which an epoch is sealed even if the last commit still runs. */
export const EPOCH_BYTES_MAX: number = 4 * MIB
/** Records after which an epoch is sealed even if the last commit still runs. */
export const EPOCH_RECORDS_MAX: number = 50_000
/** Longest that a task works without giving the event loop a turn. */
export const TASK_SLICE_MS_MAX: number = 4
/** Hot state of a task before clean entries are evicted to the store. Estimated bytes. */
export const STATE_HOT_BYTES_DEFAULT: number = 512 * MIB
/** Changelog bytes that wait for write-behind before the task waits for the store. */
export const STATE_UNFLUSHED_BYTES_MAX: number = 64 * MIB
/** Dataflow files: bytes, nesting, aliases, nodes. Far above any honest file, far below harm. */
export const YAML_BYTES_MAX: number = MIB
export const YAML_DEPTH_MAX = 64
export const YAML_ALIASES_MAX = 100
export const YAML_NODES_MAX = 50_000
/** Documents of one module file, of which each holds one component. */
export const YAML_DOCUMENTS_MAX = 1_000
/** Parts of one declared type when all its references are followed: what converters and checks walk. */
export const TYPE_NODES_MAX = 4_096
/** Topics, partitions of a topic. */
export const TOPICS_MAX = 10_000
export const PARTITIONS_MAX = 1_024
/** Length of a topic's name (Kafka's own bound). */
export const TOPIC_NAME_LENGTH_MAX = 249
/** Bytes of one message to a function: it stands in one entry of the state while it waits. */
export const FUNCTION_MESSAGE_BYTES_MAX: number = 4 * MIB
/** Bytes of all values of one function's address: one entry of the state. */
export const FUNCTION_STATE_BYTES_MAX: number = 4 * MIB
/** Messages that wait for functions of an application, in bytes, before the ingresses that feed them wait. */
export const FUNCTION_MAILBOX_BYTES_MAX: number = 256 * MIB
/** Calls of one asynchronous function type under way in a task; further addresses wait their turn. */
export const FUNCTION_CALLS_MAX = 4_096
/** Calls of all types of a task, but for those that each has of its own. */
export const FUNCTION_CALLS_TASK_MAX = 16_384
/** Calls of a type that no other type can take. */
export const FUNCTION_CALLS_MIN = 16
/** Messages that one call of an asynchronous function takes, unless its endpoint says otherwise. */
export const FUNCTION_BATCH_MESSAGES_MAX = 1_000
/** Function types of an application, those that a namespace's endpoint gives included. */
export const FUNCTION_TYPES_MAX = 10_000
/** Length of an address' id: it is part of the key of its state. */
export const FUNCTION_ID_LENGTH_MAX = 4_096
/** Rounds in which a remote function may ask for states that it has not got, for one batch. */
export const FUNCTION_HANDSHAKES_MAX = 8
/** A line of an input file, in bytes; longer ones go to the dead letters of the feed. */
export const LINE_BYTES_MAX: number = 8 * MIB
/** One message of a record error that is kept in a dead letter's header. */
export const ERROR_MESSAGE_LENGTH_MAX = 2_000
/** A request to or a reply from a remote function, in bytes; the default of StateFun's `payload_max_bytes`. */
export const FUNCTION_PAYLOAD_BYTES_MAX: number = 32 * MIB
/** Entries of one such payload: states, messages, timers, egress. An entry of 2 bytes becomes some 200 in memory. */
export const FUNCTION_PAYLOAD_ENTRIES_MAX = 100_000
/** HTTP connections of a listener, and thereby requests that wait for replies: 20 kB each is 200 MB. */
export const HTTP_CONNECTIONS_MAX = 10_000
/** Bodies of HTTP requests that are in memory until they are durable. */
export const HTTP_BODIES_BYTES_MAX: number = 64 * MIB
/** Requests of an HTTP ingress that are durable and not taken yet, before callers are told to come later. */
export const HTTP_WAITING_RECORDS_MAX = 100_000
/** The same in bytes. */
export const HTTP_WAITING_BYTES_MAX: number = 64 * MIB

assert(BATCH_BYTES_TARGET <= BATCH_BYTES_MAX, 'a target batch fits the largest batch')
assert(BATCH_BYTES_MAX * 2 <= GROUP_COMMIT_BYTES_MAX, 'two largest batches fit a group commit')
assert(GROUP_COMMIT_BYTES_MAX <= COMMIT_QUEUE_BYTES_MAX, 'the queue holds a group commit')
assert(
  FUNCTION_MESSAGE_BYTES_MAX < BATCH_BYTES_MAX / 2,
  'a largest message fits a batch with its addresses'
)
assert(LINE_BYTES_MAX < BATCH_BYTES_MAX, 'a longest line fits a batch')

/** Topic in which a Kafka broker keeps what it must not forget: internal, so clients do not see it. */
export const BROKER_TOPIC = '_millrace.broker'
/** How names of topics begin in which the engine keeps its state: nobody else may make such. */
export const TOPIC_PREFIX_RESERVED = '_millrace.'

/** Producer ids from here on mark batches of tasks (`runtime`); those of producers (`kafka`) stay below. */
export const MARKER_MIN: number = 2 ** 47
