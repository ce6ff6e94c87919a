// A disk to look at another one without changing it: reads come from below, writes stay in memory and end with it.
//
// For a log on a read-only volume: opening one cuts what is torn and writes its last commit again, here in memory.
// Owns: names. Does not own: bytes (disk-overlay-file.ts). Nothing of it is durable, so every sync succeeds.
// The disk below must not change meanwhile: what was looked up once is not looked up again.
import { posix } from 'node:path'

import { lockedError, systemError, TEMPORARY_SUFFIX } from './errors.ts'
import { OverlayContent, OverlayHandle } from './overlay-file.ts'
import { PathQueue } from './path-queue.ts'
import type { Disk, DiskEntry, DiskFile, DiskLock } from './disk.ts'
import { isMillraceError } from '../errors.ts'

/** What a path leads to. */
type Node = OverlayContent | OverlayDirectory

/** A disk over `below`, whose root is its root: a path that is not absolute counts from there too. */
export class OverlayDisk implements Disk {
  readonly #root: OverlayDirectory
  readonly #below: Disk
  readonly #locks = new Set<string>()
  readonly #replacements = new PathQueue()

  constructor(below: Disk) {
    this.#below = below
    this.#root = new OverlayDirectory(below, '/')
  }

  async createDirectory(path: string): Promise<void> {
    const verb = 'creating directory'
    let directory = this.#root
    let at = ''
    for (const name of normalise(path).split('/').filter(Boolean)) {
      at += `/${name}`
      let child = await directory.child(name)
      if (child === null) directory.set(name, (child = new OverlayDirectory(this.#below, null)))
      if (!(child instanceof OverlayDirectory)) throw systemError(verb, at, 'EEXIST')
      directory = child
    }
  }

  async list(path: string): Promise<readonly DiskEntry[]> {
    const full = normalise(path)
    return this.#directoryAt('listing', full, await this.#find(full)).list()
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#find(normalise(path))) !== null
  }

  async open(
    path: string,
    options: { readonly write: boolean; readonly create: boolean }
  ): Promise<DiskFile> {
    const full = normalise(path)
    const { parent, name } = await this.#place('opening', full)
    let node = await parent.child(name)
    if (node === null && options.create) {
      parent.set(name, (node = new OverlayContent(this.#below, null)))
    }
    const content = this.#contentAt('opening', full, node)
    await content.open()
    const refuse = (verb: string): Error => systemError(verb, full, 'EBADF')
    return new OverlayHandle(full, content, options.write ? null : refuse)
  }

  async readFile(path: string): Promise<Uint8Array> {
    const full = normalise(path)
    const content = this.#contentAt('reading', full, await this.#find(full))
    await content.open()
    try {
      const bytes = new Uint8Array(content.size)
      return bytes.subarray(0, await content.read(bytes, 0))
    } finally {
      await content.close()
    }
  }

  async replaceFile(path: string, bytes: Uint8Array): Promise<void> {
    const full = normalise(path)
    await this.#replacements.run(full, async () => {
      // The temporary file is named in errors, as on other disks, and one that was left goes.
      const { parent, name } = await this.#place('opening', full + TEMPORARY_SUFFIX)
      parent.set(name, null)
      const content = new OverlayContent(this.#below, null)
      content.write(bytes, 0)
      parent.set(posix.basename(full), content)
    })
  }

  async rename(from: string, to: string): Promise<void> {
    const verb = 'renaming'
    const full = normalise(from)
    const source = await this.#place(verb, full)
    const target = await this.#place(verb, normalise(to), full)
    const node = await source.parent.child(source.name)
    const found = await target.parent.child(target.name)
    if (node === null) throw systemError(verb, full, 'ENOENT')
    if (found === node) return
    if (found instanceof OverlayDirectory) throw systemError(verb, full, 'EISDIR')
    if (found !== null && node instanceof OverlayDirectory) throw systemError(verb, full, 'ENOTDIR')
    source.parent.set(source.name, null)
    target.parent.set(target.name, node)
  }

  async remove(path: string): Promise<void> {
    const full = normalise(path)
    const { parent, name } = await this.#place('removing', full)
    this.#contentAt('removing', full, await parent.child(name))
    parent.set(name, null)
  }

  async removeDirectory(path: string): Promise<void> {
    const full = normalise(path)
    const { parent, name } = await this.#place('removing directory', full)
    this.#directoryAt('removing directory', full, await parent.child(name))
    parent.set(name, null)
  }

  async syncDirectory(path: string): Promise<void> {
    const full = normalise(path)
    this.#directoryAt('syncing directory', full, await this.#find(full))
  }

  /** Keeps apart who uses this disk. Whoever uses the one below is not seen. */
  async lock(path: string): Promise<DiskLock> {
    const full = normalise(path)
    await this.#place('locking', full)
    if (this.#locks.has(full)) throw lockedError(full, process.pid)
    this.#locks.add(full)
    let held = true
    return {
      release: async () => {
        if (held) this.#locks.delete(full)
        held = false
      }
    }
  }

  /** Where a name is, or would be. Errors name `reported`, the path that the caller gave. */
  async #place(
    verb: string,
    path: string,
    reported: string = path
  ): Promise<{ readonly parent: OverlayDirectory; readonly name: string }> {
    const node = await this.#find(posix.dirname(path))
    return { parent: this.#directoryAt(verb, reported, node), name: posix.basename(path) }
  }

  #directoryAt(verb: string, path: string, node: Node | null): OverlayDirectory {
    if (node === null) throw systemError(verb, path, 'ENOENT')
    if (!(node instanceof OverlayDirectory)) throw systemError(verb, path, 'ENOTDIR')
    return node
  }

  #contentAt(verb: string, path: string, node: Node | null): OverlayContent {
    if (node === null) throw systemError(verb, path, 'ENOENT')
    if (node instanceof OverlayDirectory) throw systemError(verb, path, 'EISDIR')
    return node
  }

  async #find(path: string): Promise<Node | null> {
    let node: Node | null = this.#root
    for (const name of path.split('/').filter(Boolean)) {
      if (!(node instanceof OverlayDirectory)) return null
      node = await node.child(name)
    }
    return node
  }
}

/** A directory: what is below, looked up when asked for, and the changes since. */
class OverlayDirectory {
  readonly #below: Disk
  /** Null for one that is only here. */
  readonly #path: string | null
  /** Null for a name that is gone. */
  readonly #names = new Map<string, Node | null>()

  constructor(below: Disk, path: string | null) {
    this.#below = below
    this.#path = path
  }

  /** Changes what a name leads to; null removes it. */
  set(name: string, node: Node | null): void {
    this.#names.set(name, node)
  }

  async child(name: string): Promise<Node | null> {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const found = this.#path === null ? null : await this.#look(posix.join(this.#path, name))
    // Two that ask at once must get one node.
    const now = this.#names.get(name)
    if (now !== undefined) return now
    this.#names.set(name, found)
    return found
  }

  async list(): Promise<DiskEntry[]> {
    const below = this.#path === null ? [] : await this.#below.list(this.#path)
    const entries = below.filter(({ name }) => !this.#names.has(name))
    for (const [name, node] of this.#names) {
      if (node === null) continue
      entries.push({ name, kind: node instanceof OverlayDirectory ? 'directory' : 'file' })
    }
    return entries
  }

  async #look(path: string): Promise<Node | null> {
    if (!(await this.#below.exists(path))) return null
    try {
      await this.#below.list(path)
    } catch (error) {
      const errno = isMillraceError(error, 'DISK_FAILED') ? error.details['errno'] : null
      if (errno === 'ENOTDIR') return new OverlayContent(this.#below, path)
      // A directory on the way need not be one that may be listed.
      if (errno !== 'EACCES' && errno !== 'EPERM') throw error
    }
    return new OverlayDirectory(this.#below, path)
  }
}

function normalise(path: string): string {
  return posix.resolve('/', path)
}
