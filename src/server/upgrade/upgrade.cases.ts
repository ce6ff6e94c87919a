// A data directory in memory on which one file runs after the other, upgraded in between: what upgrade tests share.
import { ok } from 'node:assert/strict'
import { compile, formatDiagnostics } from '../../dataflow/index.ts'
import type { Plan } from '../../dataflow/plan.ts'
import type { StateEntry } from '../../runtime/contract.ts'
import { Bench, type Line } from '../../runtime/test-kit.ts'
import { MemoryStore, type StateStore } from '../../state/index.ts'
import { applyUpgrade } from './apply.ts'
import type { Change } from './changes.ts'
import { compareWithLog, refuseMisfits, type Upgrade } from './compare.ts'
import { readRecords } from './record.ts'

/** The plan of a file that must be right. */
export function planOf(text: string): Plan {
  const { plan, diagnostics } = compile(text, { file: 'flow.yaml' })
  ok(plan !== null, formatDiagnostics(diagnostics, text, { color: false }))
  return plan
}

/** A file that counts words: states, and what updates them, as given. */
export function wordsFile(parts: {
  readonly states: string
  readonly update?: string
  readonly more?: string
  readonly service?: string
  readonly before?: string
  readonly partitions?: number
  readonly value?: string
}): string {
  const { states, update = '', more = '', service = 'count', before = '', partitions = 1 } = parts
  return `apiVersion: 1.0.0
meta: { name: words }
${more}
topics:
  lines: { partitions: ${partitions}, schema: { key: { type: string }, value: { type: ${parts.value ?? 'string'} } } }
services:
  ${service}:
    ${before}
    sources: [{ type: topic, id: lines }]
    states:
${states.replace(/^/gm, '      ')}
    partition:
      assign-key: { run: 'function byWord(word: string): string { return word }' }
      update-state: { run: "function count(word: string, ctx: Context): void { ${update} }" }
`
}

/** One log on which files run in turn. */
export class Directory {
  readonly bench: Bench
  readonly notes: string[] = []
  readonly #stores = new Map<number, Kept>()

  constructor(bench: Bench = new Bench()) {
    this.bench = bench
  }

  /** What starting the file would change. */
  async compare(text: string): Promise<Upgrade> {
    return compareWithLog(planOf(text), this.bench.log, await readRecords(this.bench.log), 1)
  }

  /** `status name` of every change that is not about something that stays as it is. */
  async told(text: string): Promise<string[]> {
    const { changes } = await this.compare(text)
    return changes.map(one => `${one.status} ${one.kind} ${one.name}`)
  }

  /** The only refusal of a file. */
  async refusal(text: string): Promise<Change> {
    const { changes } = await this.compare(text)
    const refused = changes.filter(({ status }) => status === 'refused')
    ok(refused.length === 1, JSON.stringify(changes, null, 1))
    return refused[0]!
  }

  /** As a start does: compares, refuses, creates topics, upgrades. Gives the plan that runs. */
  async upgrade(text: string): Promise<Plan> {
    const upgrade = await this.compare(text)
    refuseMisfits([upgrade], '/data')
    await this.bench.createTopics(upgrade.plan)
    await applyUpgrade(upgrade, {
      log: this.bench.log,
      clock: this.bench.clock,
      folder: '/',
      openStore: task => Promise.resolve(this.store(task)),
      onDone: (state, what) => void this.notes.push(`${state}: ${what}`)
    })
    return upgrade.plan
  }

  /** Starts the file, feeds `lines` behind what is there, and stops when all is processed. */
  async run(text: string, lines: readonly (string | Line)[] = []): Promise<void> {
    const plan = await this.upgrade(text)
    if (lines.length > 0) await this.bench.feed('lines', lines)
    const running = await this.bench.start(plan, { openStore: this.openStore })
    await running.settle()
    await running.stop()
  }

  /** All entries of states, as `[key, value]`, while the file runs. */
  async states(text: string, ...names: string[]): Promise<Record<string, unknown>[]> {
    const plan = await this.upgrade(text)
    const running = await this.bench.start(plan, { openStore: this.openStore })
    const found: Record<string, unknown>[] = []
    for (const name of names) {
      const entries = await running.stateEntries(name, { limit: 1_000_000 })
      found.push(entriesOf(entries))
    }
    await running.stop()
    return found
  }

  readonly openStore = (index: number): Promise<StateStore> => Promise.resolve(this.store(index))

  store(index: number): MemoryStore {
    const known = this.#stores.get(index) ?? new Kept()
    this.#stores.set(index, known)
    return known
  }

  /** Offsets that end the topics: unchanged where nothing was written. */
  async ends(): Promise<string> {
    const topics = await this.bench.log.listTopics({ internal: true })
    const ends = topics.map(({ name, status }) => [
      name,
      status.partitions.map(one => one.endOffset)
    ])
    return JSON.stringify(ends)
  }
}

/** Survives being closed, as files do. */
class Kept extends MemoryStore {
  override close(): Promise<void> {
    return Promise.resolve()
  }
}

function entriesOf(entries: readonly StateEntry[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(({ key, value }) => [String(key), value]).toSorted())
}
