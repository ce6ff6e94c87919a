// Checks files that somebody sends: that they stay within their folder and their bounds.
import { MillraceError } from '../../base/index.ts'
import { BUNDLE_BYTES_MAX, BUNDLE_FILES_MAX } from './contract.ts'
import type { Bundle } from './contract.ts'

const PATH_LENGTH_MAX = 500

/** @throws DEPLOYMENT_INVALID, DEPLOYMENT_TOO_LARGE */
export function checkBundle({ files, entries, functionFiles }: Bundle): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
  if (files.length > BUNDLE_FILES_MAX || bytes > BUNDLE_BYTES_MAX) {
    throw new MillraceError(
      'DEPLOYMENT_TOO_LARGE',
      `${files.length} files of ${bytes} bytes; expected at most ${BUNDLE_FILES_MAX} of ${BUNDLE_BYTES_MAX} bytes ` +
        'together; import less, or bundle the code'
    )
  }
  const paths = new Set<string>()
  for (const { path } of files) {
    if (!isWithin(path))
      throw invalid(`the path ${JSON.stringify(path)} leads out of the deployment, or is none`)
    if (paths.has(path)) throw invalid(`the path ${JSON.stringify(path)} is there twice`)
    paths.add(path)
  }
  for (const path of [...entries, ...functionFiles]) {
    if (!paths.has(path))
      throw invalid(`${JSON.stringify(path)} is to be run, and is not among the files`)
  }
  if (entries.length === 0) throw invalid('no dataflow and no module is named')
}

/** Relative, of plain words: no way up, nothing absolute, nothing that a system reads otherwise. */
function isWithin(path: string): boolean {
  if (path.length === 0 || path.length > PATH_LENGTH_MAX) return false
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\\:]/.test(path)) return false
  return path.split('/').every(word => word !== '' && word !== '.' && word !== '..')
}

function invalid(what: string): MillraceError {
  return new MillraceError(
    'DEPLOYMENT_INVALID',
    `${what}; expected files with paths below their folder`
  )
}
