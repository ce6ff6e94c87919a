// Compares what a random dataflow has left in its topics with what the oracle says.
import assert from 'node:assert/strict'
import { requiredTopics } from '../../src/runtime/index.ts'
import type { ReadLine } from '../../src/runtime/test-kit.ts'
import type { Item, Outcome } from './oracle.ts'
import type { Case } from './random-dataflow.ts'

/** Throws where a topic that `read` gives has lost, doubled or, where that is defined, moved a record. */
export async function compareOutcome(
  one: Case,
  expected: Outcome,
  read: (topic: string) => Promise<readonly ReadLine[]>
): Promise<void> {
  const outside = new Set(one.batches.map(batch => batch.topic))
  for (const { name, role } of requiredTopics(one.plan)) {
    if (role === 'changelog' || role === 'repartition' || outside.has(name)) continue
    if (role === 'dead-letter') {
      compareLetters(one, expected, await read(name))
      continue
    }
    const found = (await read(name)).map(textOf)
    const wanted = (expected.topics[name] ?? []).map(textOf)
    if (one.isOrdered) assert.deepEqual(found, wanted, name)
    else assert.deepEqual(found.toSorted(), wanted.toSorted(), name)
  }
}

function compareLetters(one: Case, expected: Outcome, records: readonly ReadLine[]): void {
  const letters = records.map(
    ({ headers, value }) =>
      `${headers['millrace-service']}/${headers['millrace-operator']}: ${value}`
  )
  const found = letters.toSorted()
  const wanted = expected.deadLetters.toSorted()
  // Without a defined order another record of the same kind may be the one that fails.
  if (one.isOrdered) assert.deepEqual(found, wanted)
  else assert.deepEqual(found.map(whoFailed).toSorted(), wanted.map(whoFailed).toSorted())
}

function textOf({ key, value }: Pick<Item, 'key'> & { readonly value: string | null }): string {
  return `${key} ${value}`
}

function whoFailed(letter: string): string {
  return letter.slice(0, letter.indexOf(':'))
}
