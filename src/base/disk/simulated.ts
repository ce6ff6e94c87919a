// A disk in memory that fails as real ones do, the same way each time for the same seed.
//
// Owns: paths and the calls of the contract. Does not own: which call fails (disk-simulated-machine.ts), what a
// crash leaves of bytes (disk-simulated-file.ts: D1, D3) and of names (disk-simulated-tree.ts: D2). Every call
// takes effect in a later microtask, so who reuses a buffer too early or forgets an await is found out.
import { assert } from '../assert.ts'
import { lockedError, systemError, TEMPORARY_SUFFIX } from './errors.ts'
import { drawDamage, SimulatedContent, type CrashMode } from './simulated-file.ts'
import { SimulatedHandle } from './simulated-handle.ts'
import {
  SimulatedMachine,
  type SimulatedDiskOptions,
  type SimulatedFault
} from './simulated-machine.ts'
import { PathQueue } from './path-queue.ts'
import { SimulatedDirectory, SimulatedTree, type SimulatedNode } from './simulated-tree.ts'
import type { Disk, DiskEntry, DiskFile, DiskLock } from './disk.ts'
import type { Random } from '../random.ts'

/** Where a path leads: the directory it is in (null for the root), its name there, and what it names. */
interface Place {
  readonly path: string
  readonly parent: SimulatedDirectory
  readonly name: string
  readonly node: SimulatedNode | undefined
}

/** How the machine stops, and the options of the next boot's disk. */
export interface SimulatedCrash extends SimulatedDiskOptions {
  readonly mode: CrashMode
  /** Decides what is lost, and serves the next disk. Default: this disk's. */
  readonly random?: Random
}

/** A simulated disk: empty when made; `crash` and `copy` give the disk of the next boot. */
export class SimulatedDisk implements Disk {
  readonly #random: Random
  readonly #machine: SimulatedMachine
  readonly #replacements = new PathQueue()
  readonly #locks = new Set<string>()
  #tree = new SimulatedTree()

  constructor(random: Random, options: SimulatedDiskOptions = {}) {
    this.#random = random
    this.#machine = new SimulatedMachine(random, options)
  }

  /** How many calls changed something so far. A removed directory counts once for each name in it. */
  get operations(): number {
    return this.#machine.operations
  }

  /** Whether the machine stopped: every call but `close` and `release` rejects with DISK_CRASHED. */
  get crashed(): boolean {
    return this.#machine.crashed
  }

  /**
   * Stops the machine once `operations` has reached `count`: the next operation, and every call after it,
   * rejects with DISK_CRASHED. With `half` that operation still happens in part.
   */
  crashAfter(count: number, options: { readonly half?: boolean } = {}): void {
    this.#machine.stopAfter(count, options.half ?? false)
  }

  /** Stops the machine, if it has not, and gives the disk as the next boot finds it. */
  crash(options: SimulatedCrash): SimulatedDisk {
    this.#machine.stop()
    return this.copy(options)
  }

  /** The disk as the next boot would find it; this one goes on. Copies share bytes until one changes them. */
  copy(options: SimulatedCrash): SimulatedDisk {
    const random = options.random ?? this.#random
    const copy = new SimulatedDisk(random, options)
    copy.#tree = this.#tree.afterCrash(options.mode, drawDamage(random))
    return copy
  }

  /** Lets operation number `operation` fail; with `lasting` also all later ones that need what is missing. */
  failAt(
    operation: number,
    fault: SimulatedFault,
    options: { readonly lasting?: boolean } = {}
  ): void {
    this.#machine.failAt(operation, fault, options.lasting ?? false)
  }

  /** Lets all reads of the file fail with DISK_FAILED (EIO). */
  failReads(path: string): void {
    this.#machine.failReads(normalise(path))
  }

  /** Ends all faults: space is free again, reads work. What a failed sync lost stays lost. */
  repair(): void {
    this.#machine.repair()
  }

  /** Flips bit `bit` (0 to 7) of the byte at `position`, as a decaying medium does. */
  flipBit(path: string, position: number, bit: number): void {
    const content = this.#content('flipping a bit of', normalise(path))
    assert(position < content.bytes.length, 'the bit is inside the file')
    content.flip(position, bit)
  }

  /** A copy of a file's bytes as readers see them, without being a call of the disk. */
  readAll(path: string): Uint8Array {
    return this.#content('reading', normalise(path)).bytes.slice()
  }

  /** Paths of all files, as seen, in alphabetical order. */
  files(): readonly string[] {
    const paths: string[] = []
    const visit = (directory: SimulatedDirectory, prefix: string): void => {
      for (const [name, node] of directory.entries) {
        if (node instanceof SimulatedDirectory) visit(node, `${prefix}${name}/`)
        else paths.push(prefix + name)
      }
    }
    visit(this.#tree.root, '/')
    return paths.toSorted()
  }

  async createDirectory(path: string): Promise<void> {
    const full = normalise(path)
    const verb = 'creating directory'
    const names = full.split('/').filter(Boolean)
    for (let depth = 1; depth <= names.length; depth++) {
      const part = `/${names.slice(0, depth).join('/')}`
      await this.#machine.turn()
      const place = this.#place(verb, part)
      if (place.node instanceof SimulatedDirectory) continue
      if (place.node !== undefined) throw systemError(verb, part, 'EEXIST')
      this.#machine.operate('createDirectory', part, verb, {
        whole: () => this.#setName(place, new SimulatedDirectory())
      })
    }
  }

  async list(path: string): Promise<readonly DiskEntry[]> {
    await this.#machine.turn()
    const directory = this.#directory('listing', normalise(path))
    return [...directory.entries].map(([name, node]) => ({
      name,
      kind: node instanceof SimulatedDirectory ? 'directory' : 'file'
    }))
  }

  async exists(path: string): Promise<boolean> {
    await this.#machine.turn()
    return this.#find(normalise(path)) !== undefined
  }

  async open(
    path: string,
    options: { readonly write: boolean; readonly create: boolean }
  ): Promise<DiskFile> {
    const full = normalise(path)
    await this.#machine.turn()
    const place = this.#place('opening', full)
    if (place.node === undefined && options.create) {
      const content = new SimulatedContent()
      this.#machine.operate('create', full, 'opening', {
        whole: () => this.#setName(place, content)
      })
      return new SimulatedHandle(this.#machine, { path: full, content, writable: options.write })
    }
    const content = this.#content('opening', full)
    return new SimulatedHandle(this.#machine, { path: full, content, writable: options.write })
  }

  async readFile(path: string): Promise<Uint8Array> {
    const full = normalise(path)
    await this.#machine.turn()
    const content = this.#content('reading', full)
    this.#machine.refuseUnreadable(full)
    return content.bytes.slice()
  }

  async replaceFile(path: string, bytes: Uint8Array): Promise<void> {
    const full = normalise(path)
    const copy = bytes.slice()
    await this.#replacements.run(full, () => this.#replace(full, copy))
  }

  async rename(from: string, to: string): Promise<void> {
    const verb = 'renaming'
    const fromPath = normalise(from)
    await this.#machine.turn()
    const source = this.#place(verb, fromPath)
    const target = this.#place(verb, normalise(to), fromPath)
    const node = source.node
    if (node === undefined) throw systemError(verb, fromPath, 'ENOENT')
    if (target.node === node) return
    if (target.node instanceof SimulatedDirectory) throw systemError(verb, fromPath, 'EISDIR')
    if (target.node !== undefined && node instanceof SimulatedDirectory) {
      throw systemError(verb, fromPath, 'ENOTDIR')
    }
    this.#machine.operate('rename', fromPath, verb, {
      whole: () =>
        this.#tree.change([
          { directory: source.parent, name: source.name, node: null },
          { directory: target.parent, name: target.name, node }
        ])
    })
  }

  async remove(path: string): Promise<void> {
    const full = normalise(path)
    await this.#machine.turn()
    const place = this.#place('removing', full)
    this.#content('removing', full)
    this.#machine.operate('remove', full, 'removing', { whole: () => this.#setName(place, null) })
  }

  async removeDirectory(path: string): Promise<void> {
    const full = normalise(path)
    const verb = 'removing directory'
    await this.#machine.turn()
    const directory = this.#directory(verb, full)
    for (const [name, node] of directory.entries) {
      if (node instanceof SimulatedDirectory) await this.removeDirectory(`${full}/${name}`)
      else await this.remove(`${full}/${name}`)
    }
    if (full === '/') return
    const place = this.#place(verb, full)
    this.#machine.operate('remove', full, verb, { whole: () => this.#setName(place, null) })
  }

  async syncDirectory(path: string): Promise<void> {
    const full = normalise(path)
    const verb = 'syncing directory'
    const covered = this.#tree.sequence
    await this.#machine.turn()
    const directory = this.#directory(verb, full)
    this.#machine.operate('syncDirectory', full, verb, {
      whole: () => this.#tree.sync(directory, covered),
      part: () => this.#tree.failSync(directory, drawDamage(this.#random))
    })
  }

  async lock(path: string): Promise<DiskLock> {
    const full = normalise(path)
    await this.#machine.turn()
    const place = this.#place('locking', full)
    if (this.#locks.has(full)) throw lockedError(full, process.pid)
    this.#locks.add(full)
    if (place.node === undefined) this.#setName(place, new SimulatedContent())
    let held = true
    return {
      release: async () => {
        if (!held || this.#machine.crashed) return
        held = false
        await this.#machine.turn()
        this.#locks.delete(full)
        if (this.#find(full) !== undefined) this.#setName(this.#place('unlocking', full), null)
      }
    }
  }

  async #replace(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = path + TEMPORARY_SUFFIX
    const file = await this.open(temporary, { write: true, create: true })
    try {
      if ((await file.size()) > 0) await file.truncate(0)
      await file.write([bytes], 0)
      await file.sync()
      await this.rename(temporary, path)
    } catch (error) {
      await this.remove(temporary).catch(() => undefined)
      throw error
    } finally {
      await file.close()
    }
    await this.syncDirectory(`${path}/..`)
  }

  #setName(place: Place, node: SimulatedNode | null): void {
    this.#tree.change([{ directory: place.parent, name: place.name, node }])
  }

  /** An error names `reported`, the path that the caller gave. */
  #place(verb: string, path: string, reported = path): Place {
    const cut = path.lastIndexOf('/')
    const name = path.slice(cut + 1)
    const parent = this.#directory(verb, path.slice(0, cut) || '/', reported)
    return { path, parent, name, node: name === '' ? this.#tree.root : parent.entries.get(name) }
  }

  #directory(verb: string, path: string, reported = path): SimulatedDirectory {
    const node = this.#find(path)
    if (node === undefined) throw systemError(verb, reported, 'ENOENT')
    if (!(node instanceof SimulatedDirectory)) throw systemError(verb, reported, 'ENOTDIR')
    return node
  }

  #content(verb: string, path: string): SimulatedContent {
    const node = this.#find(path)
    if (node === undefined) throw systemError(verb, path, 'ENOENT')
    if (node instanceof SimulatedDirectory) throw systemError(verb, path, 'EISDIR')
    return node
  }

  #find(path: string): SimulatedNode | undefined {
    let node: SimulatedNode | undefined = this.#tree.root
    for (const name of path.split('/')) {
      if (name === '') continue
      node = node instanceof SimulatedDirectory ? node.entries.get(name) : undefined
    }
    return node
  }
}

/** Absolute, without empty parts, `.` and `..`. */
function normalise(path: string): string {
  const names: string[] = []
  for (const name of path.split('/')) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return `/${names.join('/')}`
}
