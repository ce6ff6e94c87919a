// The suite that clients of every kind of log pass: a data directory, a server, a Kafka cluster.
import { adminCases } from './client-admin.ts'
import { groupCases, transactionCases } from './client-groups.ts'
import { runCases, type ClientSuiteOptions } from './client-kit.ts'
import { recordCases } from './client-records.ts'

export type { ClientCapabilities, ClientFixture, ClientSuiteOptions } from './client-kit.ts'

/** Adds the suite as one test with a subtest for each case. */
export function clientSuite(options: ClientSuiteOptions): void {
  runCases(options, [adminCases, recordCases, groupCases, transactionCases])
}
