// Builds the index of a sealed file from the file itself, when its sidecar is missing or damaged.
import { logDamaged } from './damage.ts'
import { type DiskPartitionState, type JournalFile, Span } from './journal-file.ts'
import type { Journal } from './journal.ts'
import { FrameScanner } from './scan.ts'
import { writeSidecar } from './sidecar.ts'

/**
 * Scans `file`, gives its spans their indexes in memory and writes the sidecar. Does nothing when the file was
 * replaced meanwhile. Batches are not verified here: that happens when they are read.
 * @throws LOG_DAMAGED a frame is damaged, so that nobody knows what stood there
 */
export async function rebuildIndex(journal: Journal, file: JournalFile): Promise<void> {
  const handle = await file.pin(journal.disk)
  if (handle === undefined) return
  try {
    const { header, size } = file
    const scanner = new FrameScanner({ file: handle, size, header }, { verifyBatches: false })
    const found = new Map<DiskPartitionState, Span>()
    file.batchBytes = 0
    for (let part = await scanner.next(); part !== undefined; part = await scanner.next()) {
      if (part.kind === 'gap') {
        const { position, fault } = part
        throw logDamaged({ file: file.path, position, fault, folder: journal.folder })
      }
      for (const batch of part.batches) {
        const { topicId, partition, baseOffset, lastOffset, position, length } = batch
        const state = journal.catalog.partitionById(topicId, partition)
        if (state === undefined) {
          file.batchBytes += length
          continue
        }
        let span = found.get(state)
        if (span === undefined) found.set(state, (span = new Span(file)))
        span.push(baseOffset, lastOffset, position, length, batch.maxTimestamp)
      }
    }
    if (file.isRetired) return
    for (const [state, span] of found) {
      const known = file.spans.get(state)
      if (known === undefined) file.spans.set(state, span)
      else known.index = span.index
    }
    await writeSidecar(journal.disk, file)
    journal.onEvent({ kind: 'index-rebuilt', file: file.sidecarPath })
  } finally {
    await file.unpin()
  }
}
