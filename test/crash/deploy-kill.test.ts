// Deployments under kills: a server is killed with SIGKILL between any two steps of deploying a new version, and at
// random moments, while records come; each record is processed exactly once, by one version or the next.
// MILLRACE_KILLS sets the number of random kills (default 2), MILLRACE_SEED repeats a run's choices.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test, type TestContext } from 'node:test'
import { SeededRandom } from '../../src/base/index.ts'
import type { DeployStep } from '../../src/server/deployments/contract.ts'
import { markingFlow } from '../../src/server/http/api/kit.cases.ts'

const kills = Number(process.env['MILLRACE_KILLS'] ?? 2)
const seed = Number(process.env['MILLRACE_SEED'] ?? process.hrtime.bigint() % 1_000_000n)
const STEPS: readonly DeployStep[] = [
  'written',
  'checked',
  'stopped',
  'recorded',
  'started',
  'settled',
  'cleaned'
]
/** From this step on a start goes on with the new version. */
const RECORDED = STEPS.indexOf('recorded')
const LINES_PER_ROUND = 40
const CACHE = mkdtempSync(join(tmpdir(), 'millrace-compiled-'))
after(() => rmSync(CACHE, { recursive: true }))

interface Deployment {
  readonly version: number
  readonly status: string
}

/** A server that is killed and started again on one data directory. */
class Victim {
  readonly #folder: string
  #child: ChildProcess | null = null
  #url = ''
  #lines = 0

  constructor(context: TestContext) {
    this.#folder = mkdtempSync(join(tmpdir(), 'millrace-deploy-kill-'))
    context.after(async () => {
      await this.kill()
      rmSync(this.#folder, { recursive: true })
    })
  }

  get lines(): number {
    return this.#lines
  }

  async start(fatal?: DeployStep): Promise<void> {
    const script = join(import.meta.dirname, 'deploy-server.ts')
    const own = [join(this.#folder, 'data'), ...(fatal === undefined ? [] : [fatal])]
    const node = ['--conditions=millrace-source', '--disable-warning=ExperimentalWarning']
    this.#child = spawn(process.execPath, [...node, script, ...own], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // Most of a start would be reading the sources.
      env: { ...process.env, NODE_COMPILE_CACHE: CACHE }
    })
    const lines = createInterface({ input: this.#child.stdout! })
    const [url] = (await once(lines, 'line')) as [string]
    this.#url = url
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Resolves when the server has ended by its own hand. */
  async died(): Promise<void> {
    const child = this.#child!
    if (child.signalCode === null) await once(child, 'exit')
    strictEqual(child.signalCode, 'SIGKILL')
  }

  /** Deploys a version; null when the server dies over it. */
  async deploy(mark: string): Promise<string | null> {
    const body = {
      entries: ['dataflow.yaml'],
      files: [{ path: 'dataflow.yaml', text: markingFlow(mark) }],
      settings: { workers: 0 }
    }
    const answer = await this.#call<{ outcome: string }>('PUT', 'deployments/marks', body)
    return answer?.outcome ?? null
  }

  /** Writes the next lines; with a key, so that a repetition after a kill writes them once. */
  async write(): Promise<void> {
    const first = this.#lines
    const records = Array.from({ length: LINES_PER_ROUND }, (_, index) => ({
      value: `line-${first + index}`
    }))
    const answer = await this.#call(
      'POST',
      'topics/marks-in/records',
      { records },
      { 'idempotency-key': `from-${first}` }
    )
    if (answer !== null) this.#lines += LINES_PER_ROUND
  }

  /** Waits until the deployment has started or failed. */
  async deployment(): Promise<Deployment> {
    for (;;) {
      const found = await this.#call<Deployment>('GET', 'deployments/marks')
      if (found === null) throw new Error('the server is gone')
      if (found.status !== 'starting') return found
    }
  }

  async get<T>(path: string): Promise<T> {
    const found = await this.#call<T>('GET', path)
    if (found === null) throw new Error(`${path}: the server is gone`)
    return found
  }

  async #call<T>(
    method: string,
    path: string,
    body?: object,
    more: object = {}
  ): Promise<T | null> {
    let response: Response
    try {
      response = await fetch(`${this.#url}/api/v1/${path}`, {
        method,
        headers: { 'content-type': 'application/json', connection: 'close', ...more },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
      return JSON.parse(text) as T
    } catch (error) {
      if (error instanceof TypeError) return null
      throw error
    }
  }
}

test('a server that is killed at any step of a deployment loses and doubles nothing', async context => {
  const victim = new Victim(context)
  context.diagnostic(`seed ${seed}`)
  const random = new SeededRandom(seed)
  await victim.start()
  strictEqual(await victim.deploy('mark-0'), 'created')
  let current = 'mark-0'
  let version = 1
  for (const [index, step] of STEPS.entries()) {
    await victim.write()
    await victim.kill()
    await victim.start(step)
    await victim.deployment()
    const next = `mark-${index + 1}`
    const writing = victim.write()
    strictEqual(await victim.deploy(next), null, `it dies at ${step}`)
    await victim.died()
    await writing
    await victim.start()
    const found = await victim.deployment()
    strictEqual(found.status, 'running', step)
    strictEqual(
      found.version > version,
      index >= RECORDED,
      `${step}: version ${found.version} after ${version}`
    )
    await victim.write()
    // Whoever got no answer asks again.
    strictEqual(await victim.deploy(next), index >= RECORDED ? 'unchanged' : 'replaced', step)
    current = next
    version = (await victim.deployment()).version
  }
  for (let round = 0; round < kills; round++) {
    const next = `random-${round}`
    const deploying = victim.deploy(next)
    const writing = victim.write()
    await new Promise(resolve => setTimeout(resolve, random.below(150)))
    await victim.kill()
    await Promise.all([deploying, writing])
    await victim.start()
    strictEqual((await victim.deployment()).status, 'running')
    await victim.write()
    ok((await victim.deploy(next)) !== null)
    current = next
  }
  await victim.write()
  await judge(victim, current)
})

test('a first deployment that is interrupted is there as a whole, or not at all', async context => {
  for (const step of ['checked', 'recorded'] as const) {
    const victim = new Victim(context)
    await victim.start(step)
    strictEqual(await victim.deploy('first'), null)
    await victim.died()
    await victim.start()
    const { deployments } = await victim.get<{ deployments: unknown[] }>('deployments')
    strictEqual(deployments.length, STEPS.indexOf(step) >= RECORDED ? 1 : 0, step)
    ok((await victim.deploy('first')) !== null)
    await victim.write()
    await judge(victim, 'first')
    await victim.kill()
  }
})

/** Every line has been passed on once, and counted once; the last ones by the last version. */
async function judge(victim: Victim, current: string): Promise<void> {
  const expected = Array.from({ length: victim.lines }, (_, index) => `line-${index}`)
  const outputs: { readonly mark: string; readonly line: string }[] = []
  for (let position = '0:0'; outputs.length < expected.length;) {
    const answer = await victim.get<{
      records: { value: (typeof outputs)[number] }[]
      position: string
    }>(`topics/marks-out/records?position=${position}&waitMs=20000&maxRecords=10000`)
    ok(
      answer.records.length > 0,
      `${outputs.length} of ${expected.length} lines came out; seed ${seed}`
    )
    outputs.push(...answer.records.map(({ value }) => value))
    position = answer.position
  }
  deepStrictEqual(
    outputs.map(({ line }) => line),
    expected,
    `seed ${seed}`
  )
  strictEqual(outputs.at(-1)!.mark, current)
  const { entries } = await victim.get<{ entries: { key: string; value: number }[] }>(
    'dataflows/marks/states/seen?limit=10000'
  )
  deepStrictEqual(entries.map(({ key }) => key).toSorted(), expected.toSorted())
  ok(
    entries.every(({ value }) => value === 1),
    'each line was counted once'
  )
}
