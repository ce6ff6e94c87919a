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

const apisOf = (layouts: Readonly<Record<string, Api>>): readonly Api[] => Object.values(layouts)

/** The APIs by the file of their layouts. */
export const API_FAMILIES: Readonly<Record<string, readonly Api[]>> = {
  cluster: apisOf(cluster),
  'consumer-groups': apisOf(consumerGroups),
  groups: apisOf(groups),
  offsets: apisOf(offsets),
  records: apisOf(records),
  security: apisOf(security),
  topics: apisOf(topics),
  transactions: apisOf(transactions)
}

/** Every API, in the order of their keys. */
export const APIS: readonly Api[] = Object.values(API_FAMILIES)
  .flat()
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
