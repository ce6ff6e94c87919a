// Programs in other languages that try all that their client can, and print "done": in the clear, and logged in.
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'

import type { Finished } from '../command.ts'
import { withoutOpenssl } from './certificates.ts'
import { brokerFor, type TestBroker } from './kit.ts'
import { USERS, tlsBrokerFor } from './secure-kit.ts'

/** A program; `run` gets the broker's address and, where clients log in, an authority's file, a user and a password. */
export interface WholeClient {
  readonly name: string
  /** Why it cannot be run here; false when it can. */
  readonly skip: string | false
  run(args: readonly string[]): Promise<Finished>
}

/** Tests a program twice. */
export function testWholeClient({ name, skip, run }: WholeClient): void {
  const runWith = async (
    { bootstrap, problems }: TestBroker,
    login: readonly string[]
  ): Promise<void> => {
    const { code, stdout, stderr } = await run([bootstrap, ...login])
    strictEqual(code, 0, stderr)
    strictEqual(stdout.trim(), 'done')
    deepStrictEqual(problems, [])
  }
  const all = 'produces idempotently, reads as a group, commits and aborts, administrates'
  test(`${name} ${all}`, { skip }, async t => {
    await runWith(await brokerFor(t), [])
  })
  test(
    `${name} does the same over TLS, logged in by SCRAM`,
    { skip: skip || withoutOpenssl },
    async t => {
      const started = await tlsBrokerFor(t)
      await runWith(started, [started.authority.certificate, 'admin', USERS['admin']!])
    }
  )
}
