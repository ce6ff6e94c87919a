// What a feed must know of a topic that it writes to.
import type { Compression } from '../../record/index.ts'
import type { TextForm } from '../text/text-form.ts'

/** What the feed must know of a topic. */
export interface FeedTopic {
  readonly partitions: number
  readonly compression: Compression
  readonly key: TextForm
  readonly value: TextForm
}
