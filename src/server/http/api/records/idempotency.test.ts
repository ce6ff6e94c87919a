// Keys of requests: a repeated one writes nothing within a day, and is a new one after it, whatever is started again.
import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import { SimulatedClock } from '../../../../base/index.ts'
import { delegateLog, openMemoryLog, type Log } from '../../../../log/index.ts'
import { IdempotencyKeys } from './idempotency.ts'
import type { Written } from './idempotency.ts'
import { RecordWriter } from './writer.ts'

const DAY_MS = 24 * 3_600_000

/** Keys over a log in memory; `log` stands between, to fail. */
class Bench {
  readonly clock = new SimulatedClock()
  readonly log: Log = openMemoryLog({ clock: this.clock })
  readonly #writer = new RecordWriter(this.log, this.clock)

  keys(log: Log = this.log): IdempotencyKeys {
    return new IdempotencyKeys(log, this.clock)
  }

  write(keys: IdempotencyKeys, key: string, text: string): Promise<Written> {
    const body = Buffer.from(text)
    const record = { key: null, value: body, headers: [], partition: null, timestampMs: null }
    return keys.once({ topic: 't', key, body }, () => this.#writer.prepare('t', [record]))
  }

  async records(): Promise<number> {
    return (await this.log.describeTopic('t')).status.partitions[0]!.endOffset
  }
}

async function opened(): Promise<Bench> {
  const bench = new Bench()
  await bench.log.createTopic('t')
  return bench
}

test('a key is new again after a day, and what it named then counts after a start', async () => {
  const bench = await opened()
  const keys = bench.keys()
  await bench.write(keys, 'other', 'x')
  await bench.write(keys, 'k', 'one')
  await bench.clock.advance(DAY_MS - 1)
  strictEqual((await bench.write(keys, 'k', 'one')).isRepeated, true)
  await rejects(bench.write(keys, 'k', 'two'), { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' })
  await bench.clock.advance(1)
  const again = await bench.write(keys, 'k', 'two')
  deepStrictEqual(again, { places: [{ partition: 0, offset: 2 }], isRepeated: false })
  for (const one of [keys, bench.keys()]) {
    deepStrictEqual(await bench.write(one, 'k', 'two'), { ...again, isRepeated: true })
    await rejects(bench.write(one, 'k', 'one'), { code: 'IDEMPOTENCY_KEY_REUSED' })
    strictEqual((await bench.write(one, 'other', 'x')).isRepeated, one !== keys)
  }
  strictEqual(await bench.records(), 4)
})

test('keys that could not be read are read by the next request', async () => {
  const bench = await opened()
  await bench.write(bench.keys(), 'k', 'one')
  let faults = 1
  const failing = delegateLog(bench.log, {
    listTopics: options =>
      faults-- > 0 ? Promise.reject(new Error('no disk')) : bench.log.listTopics(options)
  })
  const keys = bench.keys(failing)
  await rejects(bench.write(keys, 'k', 'one'), /no disk/)
  strictEqual((await bench.write(keys, 'k', 'one')).isRepeated, true)
})
