// The public face of state: keyed state with a changelog, over a store of cold values.
export * from './contract.ts'
export {
  type ChangelogSource,
  type TaskStateOptions,
  changelogOf,
  openTaskState
} from './recovery.ts'
export { MemoryStore, type MemoryStoreOptions } from './store/memory.ts'
export { openLevelStore } from './store/level.ts'
export {
  META_KIND,
  type ParsedKey,
  afterPrefix,
  dataPrefix,
  parseKey,
  placesOf,
  readNamespace,
  readNumber
} from './key-space.ts'
