// Tests of what the background compacts, from what partitions have in which files.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { PartitionState, TopicState } from '../../catalog.ts'
import { TOPIC_SPEC_DEFAULT } from '../../log.ts'
import { worthCompacting } from './compaction-due.ts'
import { DiskPartition, type DiskPartitionState, JournalFile, Span } from '../journal-file.ts'

test('leaves a partition that is little of the files that hold it', () => {
  const files = [file(), file()]
  const data = partition(0, [files[0]!, 900], [files[1]!, 900])
  const small = partition(1, [files[0]!, 10], [files[1]!, 10])
  assert.deepEqual(worthCompacting([small]), [])
  assert.equal(data.data.spans.length, 2)
})

test('takes partitions that are enough together', () => {
  const shared = file()
  partition(0, [shared, 700])
  const parts = [1, 2, 3].map(number => partition(number, [shared, 100]))
  assert.deepEqual(worthCompacting(parts), parts)
  assert.deepEqual(worthCompacting(parts.slice(0, 2)), [])
})

test('takes the large one without the small ones that lie in many other files', () => {
  const [own, ...others] = [file(), file(), file(), file()]
  const large = partition(0, [own!, 500])
  for (const [number, other] of others.entries()) partition(10 + number, [other, 990])
  const small = partition(1, ...others.map(other => [other, 10] as const))
  assert.deepEqual(worthCompacting([small, large]), [large])
})

test('waits until half is new since the last time', () => {
  const [old, recent] = [file(), file()]
  const state = partition(0, [old!, 600], [recent!, 400])
  state.data.compaction.passed(600, 0, 0)
  assert.deepEqual(worthCompacting([state]), [])
  const more = partition(1, [old!, 400], [recent!, 600])
  more.data.compaction.passed(400, 0, 0)
  assert.deepEqual(worthCompacting([more]), [more])
})

test('does not count what the active file holds', () => {
  const [sealed, active] = [file(), file()]
  active!.isActive = true
  const state = partition(0, [sealed!, 100], [active!, 5_000])
  state.data.compaction.passed(100, 0, 0)
  assert.deepEqual(worthCompacting([state]), [])
})

let numberLast = 0

function file(): JournalFile {
  const number = ++numberLast
  return new JournalFile({ folder: '/', header: { number, sequenceFirst: 1, seed: 1 }, size: 0 })
}

/** A partition with one batch of one record a byte in each of the files. */
function partition(
  number: number,
  ...parts: readonly (readonly [JournalFile, number])[]
): DiskPartitionState {
  const topic = new TopicState<DiskPartition>(number + 1, `t${number}`, TOPIC_SPEC_DEFAULT)
  const state = new PartitionState(topic, 0, new DiskPartition())
  let offset = 0
  for (const [journal, bytes] of parts) {
    const span = new Span(journal)
    span.push(offset, offset + bytes - 1, 0, bytes, 0)
    offset += bytes
    state.data.spans.push(span)
  }
  return state
}
