// The disk as an interface. Everything that must survive a crash is written through it.
//
// Owns: the words in which durability is promised. Does not own: any file format.
// Invariants that every implementation keeps, and that the simulated one breaks as a real disk may:
//   D1  Bytes written are lost by a crash, wholly or in part, unless a later `sync` resolved.
//   D2  A new name, a rename and a removal may be lost by a crash until `syncDirectory` resolved.
//   D3  After a failed `sync` the state of the unsynced bytes is unknown; a later one proves nothing.
//   D4  Paths are absolute or relative to the disk's root and use '/'.

/** An open file. Calls must not overlap on the same bytes; the caller keeps its buffers unchanged until then. */
export interface DiskFile {
  readonly path: string
  /** Writes all `parts`, one behind the other, from byte `position` on. Resolves when written, not durable (D1). */
  write(parts: readonly Uint8Array[], position: number): Promise<void>
  /**
   * {@link write} and {@link sync} in one, as one step where the system can. Resolves when these parts are durable,
   * and a size that they gave the file; of other bytes that were only written it says nothing. Fails as both do (D3).
   */
  writeDurable(parts: readonly Uint8Array[], position: number): Promise<void>
  /** Fills `into` from byte `position` on; resolves with how many bytes were there (less only at the file's end). */
  read(into: Uint8Array, position: number): Promise<number>
  /** Resolves when all bytes and the size are durable (fdatasync). */
  sync(): Promise<void>
  /** Cuts or extends (with zeros) to `size` bytes. Durable after `sync`. */
  truncate(size: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/** What a directory holds, one level deep. */
export interface DiskEntry {
  readonly name: string
  readonly kind: 'file' | 'directory'
}

/**
 * File system calls. Errors are {@link MillraceError}s with the path in their details:
 * @throws DISK_NOT_FOUND the path does not exist
 * @throws DISK_FULL no space or quota left (ENOSPC, EDQUOT); what was written may be partial
 * @throws DISK_FAILED any other failure (EIO, EACCES, …), `cause` has the system's error
 */
export interface Disk {
  /** Creates the directory and its parents (mode 0700); nothing happens when it is there. */
  createDirectory(path: string): Promise<void>
  list(path: string): Promise<readonly DiskEntry[]>
  exists(path: string): Promise<boolean>
  /** Opens for reading and, if `write`, for writing; `create` makes an empty file (mode 0600) where none is. */
  open(
    path: string,
    options: { readonly write: boolean; readonly create: boolean }
  ): Promise<DiskFile>
  readFile(path: string): Promise<Uint8Array>
  /** Replaces `path` as a whole: writes a temporary file, syncs it, renames it, syncs the directory. */
  replaceFile(path: string, bytes: Uint8Array): Promise<void>
  /** Renames a file, replacing the target, or a directory with what is in it, where nothing is yet (D2). */
  rename(from: string, to: string): Promise<void>
  /** Removes a file (D2). */
  remove(path: string): Promise<void>
  /** Removes a directory with everything in it. */
  removeDirectory(path: string): Promise<void>
  /** Makes names in the directory durable (D2). */
  syncDirectory(path: string): Promise<void>
  /**
   * Takes the exclusive lock `path` for this process, until `release` or the process ends.
   * @throws DISK_LOCKED another live process holds it; the details have its `pid` when known
   */
  lock(path: string): Promise<DiskLock>
}

/** A lock that is held. */
export interface DiskLock {
  release(): Promise<void>
}
