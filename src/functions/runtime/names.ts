// The names and numbers under which an application of functions keeps things in the log.
// Changing one orphans what is stored.
import { createHash } from 'node:crypto'

import { MARKER_MIN } from '../../base/index.ts'

/** The group whose positions say how far an application has read. */
export function functionsGroupName(app: string): string {
  return `functions/${app}`
}

/** The producer id in batches of ingresses that a task has processed itself; as that of dataflows (`markerNumber`). */
export function functionsMarker(app: string, tasks: number): number {
  const digest = createHash('sha256')
    .update(`millrace marker\n${functionsGroupName(app)}\n${tasks}`)
    .digest()
  return MARKER_MIN + (digest.readUIntBE(0, 6) % MARKER_MIN)
}

/** The group of an ingress that has a name: the positions of several on one topic differ. */
export function ingressGroupName(app: string, name: string): string {
  return name === '' ? functionsGroupName(app) : `${functionsGroupName(app)}/${name}`
}

/** Topic of the changes of all states, mailboxes and delayed messages; partition = task. */
export function functionsChangelogName(app: string): string {
  return `_millrace.${app}.functions`
}

/** Topic over which messages travel to the task that owns their target; partition = task. */
export function messagesTopicName(app: string): string {
  return `_millrace.${app}.messages`
}

/** Topic of the messages that could not be processed. */
export function functionsDeadLetterName(app: string): string {
  return `${app}.dead-letter`
}
