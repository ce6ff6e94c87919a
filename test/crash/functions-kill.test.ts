// StateFun's smoke test with real kills: random commands for 1,000 addresses, in process, behind HTTP with the original
// SDK and behind a socket; endpoints that fail, hang, cut replies and reply twice; the runtime and an endpoint killed
// with SIGKILL again and again. In the end every message has happened exactly once, or is a dead letter once.
// MILLRACE_MESSAGES sets the number of messages from outside (default 100,000: with those that functions send to each
// other they are 250,000), MILLRACE_KILLS that of kills (default 50), MILLRACE_SEED repeats a run's choices.
import { ok, strictEqual } from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeededRandom } from '../../src/base/index.ts'
import { finished, run, start } from '../command.ts'
import { DELAY_MS_MAX, type FirstOrder, Generator, IDS } from './functions/commands.ts'
import { Judge } from './functions/judge.ts'
import { World } from './functions/world.ts'

const MESSAGES = Number(process.env['MILLRACE_MESSAGES'] ?? 100_000)
const KILLS = Number(process.env['MILLRACE_KILLS'] ?? 50)
const seed = Number(process.env['MILLRACE_SEED'] ?? process.hrtime.bigint() % 1_000_000n)
/** Kills fall up to so long after the process is ready; now and then before that. */
const KILL_AFTER_MS_MAX = 500
const STARTING_MS_MAX = 400

test(`each of ${MESSAGES} messages has its effects once, over ${KILLS} kills`, async t => {
  const random = new SeededRandom(seed)
  t.diagnostic(`seed ${seed}`)
  const world = new World(seed)
  t.after(() => world.end())
  await world.begin()
  const generator = new Generator(random)
  const orders: FirstOrder[] = []
  for (let round = 0; round < KILLS; round++) {
    const upTo = Math.ceil((MESSAGES * (round + 1)) / KILLS)
    const next = Array.from({ length: upTo - orders.length }, () => generator.first())
    orders.push(...next)
    world.feed(next)
    const child = start([...world.arguments, ...world.inputs()], world.folder)
    const ending = finished(child)
    const isEarly = random.below(8) === 0
    if (!isEarly) await ready(child)
    const restarting = round % 8 === 3 ? world.restartSocket() : null
    await sleep(random.below(isEarly ? STARTING_MS_MAX : KILL_AFTER_MS_MAX))
    child.kill('SIGKILL')
    const { signal, code, stderr } = await ending
    strictEqual(world.ended, null)
    strictEqual(signal, 'SIGKILL', `seed ${seed}, round ${round}: ended with ${code}\n${stderr}`)
    await restarting
  }
  await settle(world)
  world.calm()
  const questions = Array.from({ length: IDS }, (_, id) => generator.question(id))
  world.feed(questions, '-questions')
  const asking = [...world.arguments, ...world.inputs('-questions'), '--drain', ...world.outputs]
  const last = await run(asking, world.folder)
  strictEqual(last.code, 0, `seed ${seed}\n${last.stderr}`)
  const found = world.found()
  const judge = new Judge(found.dead)
  for (const order of orders) judge.take(order)
  judge.compare(found)
  const dead = found.dead.length
  t.diagnostic(
    `${judge.messages} messages in all, ${judge.texts.length} texts, ${dead} dead letters`
  )
  ok(dead > 0 && dead < judge.messages / 50, `${dead} dead letters of ${judge.messages} messages`)
})

/** Resolves when the process says that it runs, or has ended. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    let text = ''
    child.stderr!.on('data', (data: string) => {
      text += data
      if (text.includes('ready in')) resolve()
    })
    child.once('close', () => resolve())
  })
}

/** Drains until nothing is left, delayed messages included: those that a drained run leaves are due at the next. */
async function settle(world: World): Promise<void> {
  const inputs = world.inputs()
  for (let hasInputs = true; ; hasInputs = false) {
    const drain = [...world.arguments, ...(hasInputs ? inputs : []), '--drain']
    const { code, stderr } = await run(drain, world.folder)
    strictEqual(code, 0, `seed ${seed}\n${stderr}`)
    if (/functions: 0 records in, 0 invocations, 0 out, 0 failed/.test(stderr)) return
    await sleep(DELAY_MS_MAX)
  }
}
