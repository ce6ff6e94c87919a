// A log before another: the calls that it does itself, all others passed on.
import type { Log } from './log.ts'

/** `log` with the calls of `own` in place of its own. */
export function delegateLog(log: Log, own: Partial<Log>): Log {
  return {
    commit: commit => log.commit(commit),
    read: request => log.read(request),
    wait: (positions, signal) => log.wait(positions, signal),
    positions: group => log.positions(group),
    describeTopic: name => log.describeTopic(name),
    offsetForTime: (topic, partition, timestampMs) =>
      log.offsetForTime(topic, partition, timestampMs),
    createTopic: (name, spec) => log.createTopic(name, spec),
    listTopics: options => log.listTopics(options),
    alterTopic: (name, changes) => log.alterTopic(name, changes),
    deleteTopic: name => log.deleteTopic(name),
    deleteRecords: (topic, partition, beforeOffset) =>
      log.deleteRecords(topic, partition, beforeOffset),
    listGroups: () => log.listGroups(),
    cleanup: () => log.cleanup(),
    close: () => log.close(),
    ...own
  }
}
