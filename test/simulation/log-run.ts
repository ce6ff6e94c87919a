// Runs steps against a log on a simulated disk, and keeps account of what was acknowledged and what is open.
import assert from 'node:assert/strict'

import {
  isMillraceError,
  messageOf,
  type SimulatedClock,
  type SimulatedDisk
} from '../../src/base/index.ts'
import type { DiskLogEvent, Log } from '../../src/log/index.ts'
import { encodeBatch, LogModel, takeSnapshot, type CommitStep, type Step } from './log-model.ts'
import { openLog } from './open-log.ts'

/** A log under test with its oracle. */
export class LogRun {
  /** What was acknowledged. */
  model: LogModel
  /** What was asked since and has no answer, or failed: any prefix of it may have taken effect. */
  open: Step[] = []
  log: Log
  readonly clock: SimulatedClock
  readonly disk: SimulatedDisk
  /** What the log reported since this run started. */
  readonly events: DiskLogEvent[]
  #fenced = false

  private constructor(
    log: Log,
    disk: SimulatedDisk,
    clock: SimulatedClock,
    model: LogModel,
    events: DiskLogEvent[]
  ) {
    this.log = log
    this.events = events
    this.disk = disk
    this.clock = clock
    this.model = model
  }

  /** Opens a log on `disk` as it is. */
  static async start(
    disk: SimulatedDisk,
    clock: SimulatedClock,
    model: LogModel = new LogModel()
  ): Promise<LogRun> {
    const events: DiskLogEvent[] = []
    return new LogRun(await openLog(disk, clock, events), disk, clock, model, events)
  }

  /** Does one step; gives the error when it was refused. Anything but a failure of the disk is a bug. */
  async step(step: Step): Promise<unknown> {
    if (step.kind === 'burst') return this.#burst(step.commits)
    this.open.push(step)
    try {
      await this.#act(step)
    } catch (error) {
      return this.#note(error)
    }
    this.#acknowledge(step)
    return null
  }

  /** Does steps until one is refused; gives its error. */
  async steps(steps: readonly Step[]): Promise<unknown> {
    for (const step of steps) {
      const error = await this.step(step)
      if (error !== null) return error
    }
    return null
  }

  /**
   * Checks that the log holds what was acknowledged and a prefix of what is open, wholly each, and takes that
   * as the state to go on from. Gives how many open steps had taken effect.
   */
  async verify(context: string): Promise<number> {
    const found = await takeSnapshot(this.log)
    const differences: string[] = []
    const now = this.clock.now()
    const model = this.model.clone()
    for (let taken = 0; ; taken++) {
      const difference = model.difference(found, now)
      if (difference === null) {
        model.adopt(found)
        this.model = model
        this.open = []
        return taken
      }
      differences.push(`with ${taken} open steps: ${difference}`)
      const next = this.open[taken]
      if (next === undefined) break
      model.apply(next, now)
    }
    return assert.fail(`${context}: ${differences.join('; ')}`)
  }

  /** Checks that exactly what was acknowledged is visible. */
  async verifyAcknowledged(context: string): Promise<void> {
    const difference = this.model.difference(await takeSnapshot(this.log), this.clock.now())
    assert.equal(difference, null, context)
  }

  async #act(step: Exclude<Step, { kind: 'burst' }>): Promise<void> {
    switch (step.kind) {
      case 'commit':
        return this.#commit(step)
      case 'create':
        await this.log.createTopic(step.topic, step.spec)
        return
      case 'alter':
        await this.log.alterTopic(step.topic, step.changes)
        return
      case 'delete':
        return this.log.deleteTopic(step.topic)
      case 'delete-records':
        return this.log.deleteRecords(step.topic, step.partition, step.before)
      case 'cleanup':
        await this.log.cleanup()
        return
      case 'advance':
        return this.clock.advance(step.ms)
      case 'reopen':
        await this.log.close()
        this.log = await openLog(this.disk, this.clock, this.events)
    }
  }

  async #commit(step: CommitStep): Promise<void> {
    const ends = new Map<string, number>()
    const result = await this.log.commit(commitOf(step))
    for (const [index, batch] of step.batches.entries()) {
      const key = `${batch.topic} ${batch.partition}`
      const end = ends.get(key) ?? this.model.end(batch.topic, batch.partition)
      assert.equal(result.baseOffsets[index], end, `base offset in ${key}`)
      ends.set(key, end + batch.records.length)
    }
  }

  /** Commits that are asked for at once are acknowledged in order: after the first failure comes no success. */
  async #burst(commits: readonly CommitStep[]): Promise<unknown> {
    this.open.push(...commits)
    const running = commits.map(async commit => {
      await this.log.commit(commitOf(commit))
      this.#acknowledge(commit)
    })
    const settled = await Promise.allSettled(running)
    const failed = settled.findIndex(result => result.status === 'rejected')
    if (failed < 0) return null
    for (const [index, result] of settled.entries()) {
      if (index < failed) continue
      assert.equal(result.status, 'rejected', `commit ${index} succeeded after ${failed} failed`)
    }
    return this.#note((settled[failed] as PromiseRejectedResult).reason, commits.length - failed)
  }

  #acknowledge(step: Step): void {
    assert.equal(this.open[0], step, 'commits are acknowledged in the order of the calls')
    this.open.shift()
    this.model.apply(step, this.clock.now())
  }

  /** Of the last `count` steps nobody knows whether they were written, unless the log was fenced before. */
  #note(error: unknown, count = 1): unknown {
    if (this.#fenced) this.open.splice(this.open.length - count)
    this.#fenced ||= isMillraceError(error, 'LOG_FENCED')
    const expected = ['DISK_CRASHED', 'DISK_FULL', 'DISK_FAILED', 'LOG_FENCED', 'LOG_CLOSED']
    if (isMillraceError(error) && expected.includes(error.code)) return error
    throw new Error(`a step failed without a failure of the disk: ${messageOf(error)}`, {
      cause: error
    })
  }
}

function commitOf(step: CommitStep): Parameters<Log['commit']>[0] {
  const batches = step.batches.map(batch => ({
    topic: batch.topic,
    partition: batch.partition,
    batch: encodeBatch(batch)
  }))
  return { batches, offsets: step.offsets }
}
