// Names of topics for reports about damaged files.
import type { ScannedFrame } from '../scan.ts'

/** Names by id, as far as readable frames tell. */
export class TopicNames {
  readonly #names = new Map<number, string>()

  learn(frame: ScannedFrame): void {
    for (const change of frame.changes) {
      if (change.kind === 'topic-created') this.#names.set(change.topicId, change.name)
    }
  }

  of(topicId: number): string {
    return this.#names.get(topicId) ?? nameOfUnknown(topicId)
  }
}

/** The name that a topic is given whose own is lost. */
export function nameOfUnknown(topicId: number): string {
  return `recovered-topic-${topicId}`
}
