// All APIs that this program speaks, by key.
import * as cluster from './layouts/cluster.ts'
import * as consumerGroups from './layouts/consumer-groups.ts'
import * as groups from './layouts/groups.ts'
import * as offsets from './layouts/offsets.ts'
import * as records from './layouts/records.ts'
import * as security from './layouts/security.ts'
import * as topics from './layouts/topics.ts'
import * as transactions from './layouts/transactions.ts'
import type { Api } from './layout.ts'

/** Every API, in the order of their keys. */
export const APIS: readonly Api[] = [
  cluster,
  consumerGroups,
  groups,
  offsets,
  records,
  security,
  topics,
  transactions
]
  .flatMap(family => Object.values(family) as Api[])
  .toSorted((a, b) => a.key - b.key)

const BY_KEY: ReadonlyMap<number, Api> = new Map(APIS.map(api => [api.key, api]))
const BY_NAME: ReadonlyMap<string, Api> = new Map(APIS.map(api => [api.name, api]))

/** The API with a key; undefined when there is none. */
export function apiOfKey(key: number): Api | undefined {
  return BY_KEY.get(key)
}

/** The API with a name of the protocol, such as `Produce`. */
export function apiNamed(name: string): Api | undefined {
  return BY_NAME.get(name)
}
