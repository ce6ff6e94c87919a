// Every disk operation of a reference workload fails once: disk full, input/output error, failing sync.
import assert from 'node:assert/strict'

import {
  isMillraceError,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type SimulatedFault,
  type SimulatedOperation
} from '../../src/base/index.ts'
import { goOn } from './log-images.ts'
import type { Step } from './log-model.ts'
import { LogRun } from './log-run.ts'
import { referenceWorkload } from './log-workload.ts'
import type { Counts } from './seeds.ts'

/** The disk is full, once or from then on. */
export function full(seed: number): Promise<Counts> {
  return failEachOperation('full', seed)
}

/** The disk has an error, once or from then on. A failing sync leaves some bytes durable and loses the others. */
export function inputOutputError(seed: number): Promise<Counts> {
  return failEachOperation('io', seed)
}

async function failEachOperation(fault: SimulatedFault, seed: number): Promise<Counts> {
  const operations = await operationsOfWorkload()
  let fenced = 0
  for (const { number, kind, path } of operations) {
    const label = `${fault} at ${number} (${kind} ${path})`
    const disk = new SimulatedDisk(new SeededRandom(seed * 1_000_003 + number))
    disk.failAt(number, fault, { lasting: (number + seed) % 2 === 0 })
    if (await surviveFault(disk, label)) fenced++
  }
  return { faults: operations.length, fenced }
}

/** Whether a commit was what failed. */
async function surviveFault(disk: SimulatedDisk, label: string): Promise<boolean> {
  const clock = new SimulatedClock()
  let run: LogRun
  try {
    run = await LogRun.start(disk, clock)
  } catch (error) {
    assertFailure(error, label)
    disk.repair()
    await surviveFirstStart(disk, clock, label)
    return false
  }
  const { error, step } = await firstFailure(run, referenceWorkload())
  const fenced = step?.kind === 'commit' || step?.kind === 'burst'
  if (fenced) {
    assertFailure(error, label)
    await checkFenced(run, label)
  }
  await run.log.close().catch(error => assertFailure(error, label))
  disk.repair()
  // The process starts anew on the same machine: unsynced bytes are seen, but a power failure may take them.
  const next = await LogRun.start(disk, clock, run.model)
  next.open = run.open
  await next.verify(`${label}, opened again`)
  await commitEverywhere(next, label)
  const last = await LogRun.start(disk.crash({ mode: 'lose-all-unsynced' }), clock, next.model)
  last.open = next.open
  await last.verify(`${label}, after a power failure`)
  await goOn(last, label)
  return fenced
}

/** After a first start that failed: what a second one acknowledges outlives a power failure. */
async function surviveFirstStart(
  disk: SimulatedDisk,
  clock: SimulatedClock,
  label: string
): Promise<void> {
  const run = await LogRun.start(disk, clock)
  await run.verify(`${label}, opened again`)
  assert.equal(await run.step({ kind: 'create', topic: 'first', spec: {} }), null, label)
  await commitEverywhere(run, label)
  const last = await LogRun.start(disk.crash({ mode: 'lose-all-unsynced' }), clock, run.model)
  await last.verifyAcknowledged(`${label}, opened again, after a power failure`)
  await goOn(last, label)
}

async function firstFailure(
  run: LogRun,
  steps: readonly Step[]
): Promise<{ readonly error: unknown; readonly step: Step | null }> {
  for (const step of steps) {
    const error = await run.step(step)
    if (error !== null) return { error, step }
  }
  return { error: null, step: null }
}

/** L6, and L2: what was refused is not visible. */
async function checkFenced(run: LogRun, label: string): Promise<void> {
  await run.verifyAcknowledged(`${label}, while fenced`)
  for (const topic of run.model.topics.keys()) {
    const records = [{ timestamp: 1, key: null, value: 'late' }]
    const batches = [{ topic, partition: 0, records }]
    const refused = await run.step({ kind: 'commit', batches, offsets: [] })
    assert.ok(isMillraceError(refused, 'LOG_FENCED'), `${label}: ${String(refused)}`)
  }
  await run.verifyAcknowledged(`${label}, after a refused commit`)
}

async function commitEverywhere(run: LogRun, label: string): Promise<void> {
  for (const topic of run.model.topics.keys()) {
    const records = [{ timestamp: 1, key: 'again', value: label }]
    const batches = [{ topic, partition: 0, records }]
    assert.equal(await run.step({ kind: 'commit', batches, offsets: [] }), null, label)
  }
}

function assertFailure(error: unknown, label: string): void {
  const known = ['DISK_FULL', 'DISK_FAILED', 'LOG_FENCED'].some(code =>
    isMillraceError(error, code)
  )
  assert.ok(known, `${label}: ${String(error)}`)
}

async function operationsOfWorkload(): Promise<readonly SimulatedOperation[]> {
  const operations: SimulatedOperation[] = []
  const disk = new SimulatedDisk(new SeededRandom(1), {
    onOperation: operation => operations.push(operation)
  })
  const run = await LogRun.start(disk, new SimulatedClock())
  assert.equal(await run.steps(referenceWorkload()), null)
  return operations
}
