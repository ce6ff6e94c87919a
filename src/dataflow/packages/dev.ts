// The section `dev`: what --dev changes in a file before it is read, and where it finds packages instead.
import { DEV, DEV_IMPORT } from '../sections/package-sections.ts'
import { readSection, type ReadContext, type Section } from '../sections/section.ts'
import { entryAt, valueAt, type Entry, type MapNode, type TreeNode } from '../yaml/tree.ts'
import { readPackageName } from './package-name.ts'

/** Another place of a package. */
export interface DevImport {
  /** `namespace/name`. */
  readonly package: string
  readonly range: string
  readonly path: string
  /** Folder of the file that says so, relative to the root file's. */
  readonly from: string
}

/** Reads the overrides of imports; they are checked whether they count or not. */
export function readDevImports(context: ReadContext, file: Section, from: string): DevImport[] {
  const node = file.value('dev')
  const dev = node === null ? null : readSection(context, node, DEV, file.keySpan('dev'))
  return (dev?.items('imports') ?? []).flatMap(item => {
    const section = readSection(context, item, DEV_IMPORT)
    const pkg = section?.scalar('pkg') ?? null
    const path = section?.text('path') ?? null
    const named = pkg === null ? null : readPackageName(context, pkg)
    return named === null || path === null ? [] : [{ ...named, path, from }]
  })
}

/** The file as --dev sees it: with the converter and the topics of its section `dev`. */
export function withDevOverrides(file: TreeNode): TreeNode {
  const dev = valueAt(file, 'dev')
  if (file.kind !== 'map' || dev?.kind !== 'map') return file
  const topics = valueAt(dev, 'topics')
  const converter = entryAt(dev, 'converter')
  let changed: MapNode = file
  if (topics?.kind === 'map') changed = withEntries(changed, 'topics', topics.entries, dev)
  if (converter !== null) changed = withEntries(changed, 'config', [converter], dev)
  return changed
}

/** A mapping whose part `key` has `entries` in place of those of the same names. */
function withEntries(
  file: MapNode,
  key: string,
  entries: readonly Entry[],
  place: MapNode
): MapNode {
  const part = entryAt(file, key)
  const before = part?.value.kind === 'map' ? part.value.entries : []
  const names = new Set(entries.map(entry => entry.key))
  const merged = [
    ...before.map(entry => entries.find(other => other.key === entry.key) ?? entry),
    ...entries.filter(entry => !before.some(other => other.key === entry.key))
  ]
  const span = part?.value ?? place
  const value: MapNode = { kind: 'map', start: span.start, end: span.end, entries: merged }
  const entry: Entry = { key, keySpan: part?.keySpan ?? entries[0]?.keySpan ?? place, value }
  if (names.size === 0) return file
  const others = file.entries.filter(other => other.key !== key)
  return { ...file, entries: [...others, entry] }
}
