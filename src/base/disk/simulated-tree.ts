// The names of a simulated disk: directories whose changes are volatile until they are synced (D2).
//
// Each directory keeps its names as seen, as durable, and the changes in between. A rename is one change,
// known to both directories: syncing either makes it durable, as on journaling file systems.
import type { CrashMode, Damage, SimulatedContent } from './simulated-file.ts'

/** What a name leads to. */
export type SimulatedNode = SimulatedDirectory | SimulatedContent

interface Edit {
  readonly directory: SimulatedDirectory
  readonly name: string
  /** What the name leads to from now on; null removes it. */
  readonly node: SimulatedNode | null
}

/** Edits that take effect together. */
interface Change {
  readonly sequence: number
  readonly edits: readonly Edit[]
  done: boolean
}

/** A directory with its names. */
export class SimulatedDirectory {
  readonly entries: Map<string, SimulatedNode> = new Map()
  readonly durable: Map<string, SimulatedNode> = new Map()
  pending: Change[] = []
}

/** All directories of one disk, and the changes of names between them. */
export class SimulatedTree {
  readonly root: SimulatedDirectory
  #sequence = 0

  constructor(root: SimulatedDirectory = new SimulatedDirectory()) {
    this.root = root
  }

  /** Number of the latest change; hand it to {@link SimulatedTree.sync} to cover what came before. */
  get sequence(): number {
    return this.#sequence
  }

  /** Applies `edits` as one change, seen at once. */
  change(edits: readonly Edit[]): void {
    const change: Change = { sequence: ++this.#sequence, edits, done: false }
    for (const edit of edits) setName(edit.directory.entries, edit)
    for (const directory of new Set(edits.map(edit => edit.directory))) {
      directory.pending.push(change)
    }
  }

  /** Makes the changes of a directory's names up to number `sequence` durable. */
  sync(directory: SimulatedDirectory, sequence: number): void {
    for (const change of directory.pending) {
      if (change.done || change.sequence > sequence) continue
      // A rename takes what came before it in the other directory along, as a journal does.
      for (const edit of change.edits) {
        if (edit.directory !== directory) this.sync(edit.directory, change.sequence - 1)
      }
      applyDurably(change)
    }
    directory.pending = directory.pending.filter(change => !change.done)
  }

  /** A sync that fails: some changes are durable, the rest never will be (D3). */
  failSync(directory: SimulatedDirectory, damage: Damage): void {
    for (const change of survivors(directory.pending, damage)) applyDurably(change)
    for (const change of directory.pending) change.done = true
    directory.pending = []
  }

  /** What the next boot finds. Leaves this tree as it is. */
  afterCrash(mode: CrashMode, damage: Damage): SimulatedTree {
    const survived = mode === 'random' ? survivors(allPending(this.root), damage) : []
    const contents = new Map<SimulatedContent, SimulatedContent>()
    const directories = new Map<SimulatedDirectory, SimulatedDirectory>()
    const names = namesAfter(survived)
    const convert = (node: SimulatedNode): SimulatedNode =>
      node instanceof SimulatedDirectory
        ? convertDirectory(node)
        : memo(contents, node, () => node.afterCrash(mode, damage))
    const convertDirectory = (directory: SimulatedDirectory): SimulatedDirectory => {
      const known = directories.get(directory)
      if (known !== undefined) return known
      const copy = new SimulatedDirectory()
      directories.set(directory, copy)
      const found = mode === 'keep-all' ? directory.entries : names(directory)
      for (const [name, node] of found) {
        const converted = convert(node)
        copy.entries.set(name, converted)
        copy.durable.set(name, converted)
      }
      return copy
    }
    return new SimulatedTree(convertDirectory(this.root))
  }
}

/** Names per directory once `changes` are on the medium, computed beside the durable maps. */
function namesAfter(
  changes: readonly Change[]
): (directory: SimulatedDirectory) => Map<string, SimulatedNode> {
  const names = new Map<SimulatedDirectory, Map<string, SimulatedNode>>()
  const of = (directory: SimulatedDirectory) =>
    memo(names, directory, () => new Map(directory.durable))
  for (const change of changes) {
    for (const edit of change.edits) setName(of(edit.directory), edit)
  }
  return of
}

/** A prefix of the changes when names are ordered, else any selection of them. */
function survivors(pending: readonly Change[], damage: Damage): readonly Change[] {
  const waiting = pending.filter(change => !change.done)
  if (!damage.ordered) return waiting.filter(() => damage.random.fraction() < damage.kept)
  const whole = damage.random.fraction() < damage.kept
  return whole ? waiting : waiting.slice(0, damage.random.below(waiting.length + 1))
}

/** All changes that wait, in directories seen or durable or removed since, in order of the calls. */
function allPending(root: SimulatedDirectory): readonly Change[] {
  const changes = new Set<Change>()
  const visited = new Set<SimulatedDirectory>()
  const visit = (directory: SimulatedDirectory): void => {
    if (visited.has(directory)) return
    visited.add(directory)
    for (const change of directory.pending) {
      if (!change.done) changes.add(change)
    }
    const nodes = directory.pending.flatMap(change => change.edits.map(edit => edit.node))
    for (const node of [...directory.entries.values(), ...directory.durable.values(), ...nodes]) {
      if (node instanceof SimulatedDirectory) visit(node)
    }
  }
  visit(root)
  return [...changes].toSorted((left, right) => left.sequence - right.sequence)
}

function applyDurably(change: Change): void {
  if (change.done) return
  change.done = true
  for (const edit of change.edits) setName(edit.directory.durable, edit)
}

function setName(names: Map<string, SimulatedNode>, edit: Edit): void {
  if (edit.node === null) names.delete(edit.name)
  else names.set(edit.name, edit.node)
}

function memo<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = make()
  map.set(key, value)
  return value
}
