// The data directory of a run: where it is, what lies where in it, and the temporary one that is removed at the end.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { MillraceError } from '../base/index.ts'

/** Name of the data directory that a run makes beside its first file. */
export const DATA_FOLDER_NAME = '.millrace'

/** What the log makes in its folder, which is the data directory itself. */
const JOURNAL_FOLDER = 'journal'

/** A data directory and the places in it. Nothing is created until the log is opened. */
export interface DataFolder {
  /** Absolute path. */
  readonly path: string
  readonly ephemeral: boolean
  /** Removes a temporary directory; does nothing to one that stays. Idempotent and synchronous. */
  remove(): void
}

/** Folder of the states of a dataflow; its tasks have theirs below it. */
export function stateFolder(
  path: string,
  dataflow: { readonly namespace: string; readonly name: string }
): string {
  return join(path, 'state', `${dataflow.namespace}.${dataflow.name}`)
}

/** Folder of the state of an application of functions; its tasks have theirs below it. */
export function functionsFolder(path: string, application: string): string {
  return join(path, 'functions', application)
}

/** The data directory that stays, at `path`. */
export function permanentFolder(path: string): DataFolder {
  return { path: resolve(path), ephemeral: false, remove: () => {} }
}

/**
 * A new temporary data directory (mode 0700). It goes with `remove`, or with the process when that ends by
 * itself; a killed process leaves it to the system's cleaning of temporary files.
 */
export function ephemeralFolder(): DataFolder {
  const path = mkdtempSync(join(tmpdir(), 'millrace-'))
  const remove = (): void => {
    process.off('exit', remove)
    rmSync(path, { recursive: true, force: true })
  }
  process.on('exit', remove)
  return { path, ephemeral: true, remove }
}

/**
 * Checks that `path` holds a data directory, for commands that look at one.
 * @throws DATA_DIRECTORY_UNKNOWN there is none
 */
export function existingFolder(path: string): DataFolder {
  if (statSync(join(path, JOURNAL_FOLDER), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new MillraceError(
      'DATA_DIRECTORY_UNKNOWN',
      `${resolve(path)} is no data directory of millrace: it has no folder ${JOURNAL_FOLDER}; ` +
        `name the right one with --data-dir (a run keeps its data in ${DATA_FOLDER_NAME} beside the dataflow file)`
    )
  }
  return permanentFolder(path)
}
