// Workloads for a log: one that visits every feature, and random ones drawn step by step from a seed.
import type { Random } from '../../src/base/index.ts'
import type { CommitOffset } from '../../src/log/index.ts'
import type { CommitStep, LogModel, Step, StepBatch } from './log-model.ts'

const START_MS = 1_700_000_000_000
const TOPICS = ['clicks', 'orders', 'totals', 'audit'] as const
const GROUPS = ['billing', 'search'] as const

/**
 * Creates topics, commits over several partitions with positions, fills and seals files, moves starts, cleans
 * up, adds partitions, deletes a topic and makes it anew. About 40 steps, the same each time.
 */
export function referenceWorkload(): readonly Step[] {
  const steps: Step[] = [
    { kind: 'create', topic: 'clicks', spec: { partitions: 3 } },
    { kind: 'create', topic: 'totals', spec: { cleanup: 'compact' } },
    { kind: 'create', topic: 'audit', spec: { retentionBytes: 600, internal: true } },
    commit([batch('clicks', 0, 'a', 3), batch('clicks', 2, 'b', 1)], []),
    commit([batch('clicks', 0, 'c', 2)], [position('billing', 'clicks', 0, 3)])
  ]
  for (let round = 0; round < 6; round++) {
    steps.push(
      burst(round, 3),
      commit(
        [batch('totals', 0, `t${round}`, 4), batch('audit', 0, `u${round}`, 3)],
        [position('billing', 'clicks', 0, round + 4), position('search', 'totals', 0, round)]
      )
    )
  }
  steps.push(
    { kind: 'delete-records', topic: 'clicks', partition: 0, before: 4 },
    { kind: 'cleanup' },
    { kind: 'alter', topic: 'clicks', changes: { partitions: 4, retentionMs: 60_000 } },
    commit([batch('clicks', 3, 'd', 2)], [position('search', 'totals', 0, null)]),
    { kind: 'advance', ms: 120_000 },
    { kind: 'cleanup' },
    { kind: 'delete', topic: 'audit' },
    { kind: 'create', topic: 'audit', spec: { partitions: 2 } },
    commit([batch('audit', 1, 'e', 2)], []),
    { kind: 'reopen' },
    commit([batch('clicks', 1, 'f', 2), batch('totals', 0, 't0', 4)], []),
    burst(7, 2),
    { kind: 'cleanup' },
    commit([batch('audit', 1, 'g', 1)], [position('billing', 'audit', 1, 2)])
  )
  return steps
}

/** A short one, for what is done to each of its bytes. */
export function smallWorkload(): readonly Step[] {
  return [
    { kind: 'create', topic: 'clicks', spec: { partitions: 2 } },
    commit([batch('clicks', 0, 'a', 2), batch('clicks', 1, 'b', 1)], []),
    commit([batch('clicks', 0, 'c', 1)], [position('billing', 'clicks', 0, 1)]),
    { kind: 'create', topic: 'totals', spec: { cleanup: 'compact' } },
    commit([batch('totals', 0, 't', 3)], [position('billing', 'clicks', 0, 3)]),
    { kind: 'delete-records', topic: 'clicks', partition: 0, before: 1 },
    commit([batch('clicks', 1, 'd', 2)], [])
  ]
}

/** Draws the next step that makes sense for what the model holds. */
export function randomStep(random: Random, model: LogModel, number: number): Step {
  const names = [...model.topics.keys()]
  const free = TOPICS.filter(name => !model.topics.has(name))
  const draw = random.below(100)
  if (names.length === 0 || (draw < 4 && free.length > 0)) {
    return { kind: 'create', topic: pick(random, free), spec: randomSpec(random) }
  }
  const topic = pick(random, names)
  const partition = random.below(model.topics.get(topic)?.partitions.length ?? 1)
  if (draw < 60) return randomCommit(random, model, `${number}`)
  if (draw < 75) {
    const count = 2 + random.below(5)
    const commits = Array.from({ length: count }, (_, index) =>
      randomCommit(random, model, `${number}.${index}`)
    )
    return { kind: 'burst', commits }
  }
  if (draw < 80) {
    const before = random.below(model.end(topic, partition) + 2)
    return { kind: 'delete-records', topic, partition, before }
  }
  if (draw < 88) return { kind: 'cleanup' }
  if (draw < 90) return { kind: 'advance', ms: 1 + random.below(100_000) }
  if (draw < 93) return { kind: 'alter', topic, changes: randomChanges(random, model, topic) }
  if (draw < 95) return { kind: 'delete', topic }
  if (draw < 98) return { kind: 'reopen' }
  return randomCommit(random, model, `${number}`)
}

function randomSpec(random: Random): Extract<Step, { kind: 'create' }>['spec'] {
  return {
    partitions: 1 + random.below(3),
    cleanup: random.below(3) === 0 ? 'compact' : 'delete',
    retentionMs: random.below(4) === 0 ? 1 + random.below(100_000) : null,
    retentionBytes: random.below(4) === 0 ? random.below(2000) : null,
    internal: random.below(4) === 0
  }
}

function randomChanges(
  random: Random,
  model: LogModel,
  topic: string
): Extract<Step, { kind: 'alter' }>['changes'] {
  const partitions = model.topics.get(topic)?.spec.partitions ?? 1
  const choices = [
    { partitions: partitions + random.below(2) },
    { retentionBytes: random.below(2000) },
    { retentionMs: null, retentionBytes: null },
    { cleanup: random.below(2) === 0 ? 'compact' : 'delete' }
  ] as const
  return pick(random, choices)
}

function randomCommit(random: Random, model: LogModel, number: string): CommitStep {
  const batches: StepBatch[] = []
  const offsets: CommitOffset[] = []
  const names = [...model.topics.keys()]
  const batchCount = random.below(10) === 0 ? 0 : 1 + random.below(3)
  for (let index = 0; index < batchCount; index++) {
    const topic = pick(random, names)
    const partition = random.below(model.topics.get(topic)?.partitions.length ?? 1)
    batches.push(randomBatch(random, { topic, partition, name: `${number}/${index}` }))
  }
  if (batchCount === 0 || random.below(2) === 0) {
    const topic = pick(random, names)
    const partition = random.below(model.topics.get(topic)?.partitions.length ?? 1)
    const offset = random.below(8) === 0 ? null : random.below(100)
    offsets.push({ group: pick(random, GROUPS), topic, partition, offset, metadata: number })
  }
  return { kind: 'commit', batches, offsets }
}

function randomBatch(
  random: Random,
  place: { readonly topic: string; readonly partition: number; readonly name: string }
): StepBatch {
  const records = Array.from({ length: 1 + random.below(5) }, (_, index) => ({
    timestamp: START_MS + random.below(100_000),
    key: random.below(6) === 0 ? null : `key-${random.below(6)}`,
    value: random.below(8) === 0 ? null : `${place.name}:${index}`.padEnd(random.below(400), '.')
  }))
  return { topic: place.topic, partition: place.partition, records }
}

function burst(round: number, count: number): Step {
  const commits = Array.from({ length: count }, (_, index) =>
    commit(
      [batch('clicks', index, `burst${round}`, 2), batch('clicks', 0, `more${round}`, 1)],
      [position('search', 'clicks', index, round)]
    )
  )
  return { kind: 'burst', commits }
}

function commit(batches: readonly StepBatch[], offsets: readonly CommitOffset[]): CommitStep {
  return { kind: 'commit', batches, offsets }
}

/** Keys repeat, so that compaction finds something; values are long enough to cross sectors. */
function batch(topic: string, partition: number, name: string, count: number): StepBatch {
  const records = Array.from({ length: count }, (_, index) => ({
    timestamp: START_MS + index,
    key: index === 3 ? null : `key-${index}`,
    value: index === 2 && name === 't5' ? null : `${name}:${index}`.padEnd(60 + 40 * index, '.')
  }))
  return { topic, partition, records }
}

function position(
  group: string,
  topic: string,
  partition: number,
  offset: number | null
): CommitOffset {
  return { group, topic, partition, offset, metadata: `at ${offset}` }
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)] as Item
}
