// `millrace plan`: says what starting changed files on a data directory would keep, migrate, drop or refuse.
import { dirname, join } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import {
  DATA_FOLDER_NAME,
  hasErrors,
  loadFiles,
  planUpgrades,
  type PlannedDataflow,
  type StoredChange
} from '../../server/index.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { counted, formatTable, note, print, serialise } from '../output/output.ts'

/** What the parser gives. */
export interface PlanOptions {
  readonly dataDir?: string
  readonly partitions?: number
  readonly dev?: boolean
  readonly output: 'table' | 'json' | 'yaml'
}

/** Compares what `paths` name with a data directory; 1 when a start would refuse, 2 after errors in the files. */
export async function plan(paths: readonly string[], options: PlanOptions): Promise<number> {
  const files = loadFiles(paths, { dev: options.dev === true })
  printDiagnostics(files.diagnostics, files.texts)
  if (hasErrors(files.diagnostics)) return 2
  const { dataflows } = files
  if (dataflows.length === 0) {
    const what =
      'what stands in the data directory of modules and packages has no types of its own to compare'
    throw new MillraceError(
      'USAGE',
      `none of the files is a dataflow, and ${what}; name a dataflow file`
    )
  }
  const dataDir = options.dataDir ?? join(dirname(dataflows[0]!.path), DATA_FOLDER_NAME)
  const plans = dataflows.map(loaded => loaded.plan)
  const planned = await planUpgrades(plans, dataDir, options.partitions ?? 1)
  const refused = planned.dataflows.flatMap(({ changes }) =>
    changes.filter(({ status }) => status === 'refused')
  )
  if (options.output === 'table') {
    for (const dataflow of planned.dataflows) print(textOf(dataflow))
    for (const { file } of files.modules) {
      note(
        `${file} is not compared: values of functions have their types with them, see docs/upgrades.md`
      )
    }
    if (planned.others.length > 0) {
      note(`also in ${dataDir}, and not in these files: ${planned.others.join(', ')}`)
    }
    note(
      refused.length === 0
        ? 'OK: a start would go on from what is stored'
        : `a start would refuse: ${counted(refused.length, 'thing')} ${refused.length === 1 ? 'does' : 'do'} not fit`
    )
  } else {
    const result = refused.length === 0 ? 'fine' : 'refused'
    print(await serialise({ dataDir, result, ...planned }, options.output))
  }
  return refused.length === 0 ? 0 : 1
}

function textOf({ name, namespace, versionBefore, version, changes }: PlannedDataflow): string {
  const versions = versionBefore === null ? `${version}, new here` : `${versionBefore} → ${version}`
  // What services keep for themselves is nobody's business while it fits.
  const shown = changes.filter(
    change => !change.name.includes('$') || !['kept', 'new'].includes(change.status)
  )
  const table = formatTable({
    columns: ['status', 'what', 'name', 'size', 'detail'],
    rows: shown.map(change => [
      change.status,
      change.kind,
      change.name,
      sizeOf(change),
      detailOf(change)
    ])
  })
  return `${namespace}/${name} ${versions}\n${table}`
}

function sizeOf({ kind, count }: StoredChange): string | null {
  if (count === null) return null
  return counted(
    count,
    {
      state: 'key',
      topic: 'record',
      source: 'unread record',
      service: 'record',
      schedule: 'unread tick'
    }[kind]
  )
}

function detailOf({ detail, advice }: StoredChange): string {
  return [detail, advice].filter(part => part !== '').join('; ')
}
