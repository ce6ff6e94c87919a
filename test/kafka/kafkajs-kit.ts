// Parts of kafkajs that end with their test.
import type { TestContext } from 'node:test'

import type { Consumer } from 'kafkajs'

import { finallyIn } from './kit.ts'

/** Connects a producer, consumer or administrator, until the test ends. */
export async function connected<
  T extends { connect(): Promise<void>; disconnect(): Promise<void> }
>(t: TestContext, part: T): Promise<T> {
  finallyIn(t, () => part.disconnect())
  await part.connect()
  return part
}

/** A record as a consumer gets it. */
export interface Seen {
  readonly key: string | null
  readonly value: string | null
  readonly partition: number
  readonly offset: string
}

/** Reads a topic until the test ends; what comes is put into the list. */
export async function consume(
  t: TestContext,
  consumer: Consumer,
  topic: string,
  options: { readonly fromBeginning?: boolean } = { fromBeginning: true }
): Promise<Seen[]> {
  const seen: Seen[] = []
  await connected(t, consumer)
  await consumer.subscribe({ topic, ...options })
  await consumer.run({
    eachMessage: ({ partition, message }) => {
      const { key, value, offset } = message
      seen.push({
        key: key?.toString() ?? null,
        value: value?.toString() ?? null,
        partition,
        offset
      })
      return Promise.resolve()
    }
  })
  return seen
}
