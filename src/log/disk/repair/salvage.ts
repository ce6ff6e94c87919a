// Rebuilds a catalog from frames some of which are lost: what is missing is filled in, never refused.
import { unreachable } from '../../../base/index.ts'
import { Catalog, type CatalogChange, type PartitionState } from '../../catalog.ts'
import { TOPIC_SPEC_DEFAULT } from '../../log.ts'
import { FRAME_KIND } from '../format.ts'
import { DiskPartition, type DiskPartitionState } from '../journal-file.ts'
import type { ScannedFrame } from '../scan.ts'
import { nameOfUnknown } from './topic-names.ts'

/** Offsets that a partition had and no frame holds. */
export interface MissingOffsets {
  readonly topicId: number
  readonly partition: number
  readonly firstOffset: number
  readonly lastOffset: number
}

/** Takes frames in their order, from a snapshot on where there is one. */
export class CatalogSalvage {
  catalog: Catalog<DiskPartition> = newCatalog()
  /** Whether a snapshot was found; else topics created before the first frame have lost their names. */
  hasSnapshot = false
  /** Highest sequence number of a frame. */
  sequenceLast = 0

  /**
   * Takes the changes of a frame, and the ends of its batches, also damaged ones: their offsets were given away.
   * Gives the offsets that are skipped, which lost frames held or compaction removed.
   */
  take(frame: ScannedFrame): MissingOffsets[] {
    this.sequenceLast = Math.max(this.sequenceLast, frame.sequence)
    if (frame.frameKind === FRAME_KIND.snapshot) {
      this.catalog = newCatalog()
      this.hasSnapshot = true
    }
    const missing: MissingOffsets[] = []
    for (const { topicId, partition, baseOffset, lastOffset } of frame.batches) {
      const state = this.#ensure(topicId, partition)
      if (baseOffset > state.endOffset) {
        const { endOffset: firstOffset } = state
        missing.push({ topicId, partition, firstOffset, lastOffset: baseOffset - 1 })
      }
      state.endOffset = Math.max(state.endOffset, lastOffset + 1)
    }
    for (const change of frame.changes) this.#take(change)
    return missing
  }

  #take(change: CatalogChange): void {
    const { catalog } = this
    switch (change.kind) {
      case 'topic-created': {
        const other = catalog.topics.get(change.name)
        if (other !== undefined) catalog.apply({ kind: 'topic-deleted', topicId: other.id })
        if (catalog.topicById(change.topicId) === undefined) catalog.apply(change)
        return
      }
      case 'topic-altered': {
        const { topicId, spec } = change
        this.#ensure(topicId, spec.partitions - 1)
        return catalog.apply(change)
      }
      case 'topic-deleted':
        if (catalog.topicById(change.topicId) !== undefined) catalog.apply(change)
        return
      case 'start-moved': {
        const state = this.#ensure(change.topicId, change.partition)
        state.endOffset = Math.max(state.endOffset, change.startOffset)
        if (change.startOffset > state.startOffset) catalog.apply(change)
        return
      }
      case 'position': {
        // A reader's position tells that its offset was given away, which no later record may get again.
        const state = this.#ensure(change.topicId, change.partition)
        state.endOffset = Math.max(state.endOffset, change.offset ?? 0)
        return catalog.apply(change)
      }
      case 'ids-used':
        return catalog.apply(change)
      default:
        unreachable(change)
    }
  }

  /** The partition, made up where the frame that created it is lost. */
  #ensure(topicId: number, partition: number): DiskPartitionState {
    const known = this.catalog.partitionById(topicId, partition)
    if (known !== undefined) return known
    const topic = this.catalog.topicById(topicId)
    const spec = { ...(topic?.spec ?? TOPIC_SPEC_DEFAULT), partitions: partition + 1 }
    if (topic !== undefined) {
      this.catalog.apply({ kind: 'topic-altered', topicId, spec })
    } else {
      const name = nameOfUnknown(topicId)
      this.catalog.apply({ kind: 'topic-created', topicId, name, spec, bounds: [] })
    }
    return this.catalog.partitionById(topicId, partition) as PartitionState<DiskPartition>
  }
}

function newCatalog(): Catalog<DiskPartition> {
  return new Catalog(() => new DiskPartition())
}
