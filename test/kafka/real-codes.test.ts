// Requests that are refused: with the codes of Apache Kafka, which is asked the same.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'

import { kafkaJars, startApacheKafka } from './apache-kafka.ts'
import { brokerFor, finallyIn } from './kit.ts'
import { walk } from './real-codes-walk.ts'
import { wireClientFor } from './wire-client.ts'

const jars = kafkaJars('kafka_2.13')
const skip = 'missing' in jars ? jars.missing : false

/** Where the answers differ, and why: Kafka's codes, ours. */
const DIFFERENT: ReadonlyMap<string, readonly [kafka: readonly number[], ours: readonly number[]]> =
  new Map([
    // Ids that were never given are kept for the engine's own marks.
    ['nobody’s producer', [[0], [59]]],
    // Names are by an allow-list, and positions are offsets.
    ['a position without a group', [[0], [24]]],
    ['a position before zero', [[0], [1]]],
    // A client joins again after UNKNOWN_MEMBER_ID, and gives up after GROUP_ID_NOT_FOUND.
    ['a member of no group', [[69], [25]]]
  ])

test('what is refused is refused with the codes of Apache Kafka', { skip }, async t => {
  const kafka = await startApacheKafka('classPath' in jars ? jars.classPath : '')
  finallyIn(t, () => kafka.stop())
  const { bootstrap, problems } = await brokerFor(t, { initialDelayMs: 0 })
  const [theirs, ours] = await Promise.all(
    [kafka.bootstrap, bootstrap].map(async at => await walk(await wireClientFor(t, at)))
  )
  const differences = [...theirs!].filter(
    ([what, codes]) => codes.join() !== ours!.get(what)!.join()
  )
  deepStrictEqual(
    differences.map(([what, codes]) => [what, [codes, ours!.get(what)]]),
    [...DIFFERENT]
  )
  ok(theirs!.size > 130, `${theirs!.size} requests`)
  deepStrictEqual(problems, [])
})
