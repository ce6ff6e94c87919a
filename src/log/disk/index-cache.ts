// Indexes of sealed files in memory, as many as fit; the others are read from their sidecars when needed.
import { LOG_INDEX_BATCHES_MAX } from '../../base/index.ts'
import type { BatchIndex } from './batch-index.ts'
import type { Journal } from './journal.ts'
import type { Span } from './journal-file.ts'
import { rebuildIndex } from './rebuild.ts'
import { readSection } from './sidecar.ts'

/** Loads indexes and forgets the one that was not used for longest. */
export class IndexCache {
  readonly #journal: Journal
  readonly #indexes = new Map<Span, BatchIndex>()
  #rows = 0

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** The index of `span` if it is in memory. */
  peek(span: Span): BatchIndex | undefined {
    if (span.index !== null) return span.index
    const index = this.#indexes.get(span)
    if (index === undefined) return undefined
    this.#indexes.delete(span)
    this.#indexes.set(span, index)
    return index
  }

  /**
   * The index of `span`; undefined when its file was replaced meanwhile, and the caller should look again.
   * @throws LOG_DAMAGED the sidecar is bad and the file cannot be scanned either
   * @throws DISK_FAILED
   */
  async load(span: Span): Promise<BatchIndex | undefined> {
    const known = this.peek(span)
    if (known !== undefined) return known
    const index = (await readSection(this.#journal.disk, span)) ?? (await this.#rebuild(span))
    if (span.file.isRetired || index === undefined) return undefined
    this.#keep(span, index)
    return index
  }

  async #rebuild(wanted: Span): Promise<BatchIndex | undefined> {
    const { file } = wanted
    await rebuildIndex(this.#journal, file)
    const index = wanted.index ?? undefined
    for (const span of file.spans.values()) span.index = null
    return index
  }

  #keep(span: Span, index: BatchIndex): void {
    if (!this.#indexes.has(span)) this.#rows += index.count
    this.#indexes.set(span, index)
    for (const [oldest, { count }] of this.#indexes) {
      if (this.#rows <= LOG_INDEX_BATCHES_MAX || oldest === span) break
      this.#indexes.delete(oldest)
      this.#rows -= count
    }
  }
}
