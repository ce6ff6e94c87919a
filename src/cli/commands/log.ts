// `millrace log`: verifies and repairs the files of a data directory that no run uses.
import { repairLog, verifyLog } from '../../server/index.ts'
import type { RepairReport, VerifyReport } from '../../server/index.ts'
import { confirm } from '../options/confirm.ts'
import { counted, formatBytes, formatTable, note, print, serialise } from '../output/output.ts'

export interface LogOptions {
  readonly dataDir: string
  readonly output: 'text' | 'json' | 'yaml'
  readonly yes?: boolean
}

/** Reads every byte and reports damage; 0 when there is none, 1 when there is. */
export async function logVerify(options: LogOptions): Promise<number> {
  const report = await verifyLog(options.dataDir, note)
  if (options.output !== 'text') print(await serialise(report, options.output))
  else noteVerified(report, options.dataDir)
  return report.problems.length === 0 ? 0 : 1
}

/** Keeps what is readable and says what is lost; asks first. @throws USAGE nobody can be asked */
export async function logRepair(options: LogOptions): Promise<number> {
  const { problems } = await verifyLog(options.dataDir, note)
  if (problems.length > 0) {
    for (const problem of problems) note(problem.message)
    const places = counted(problems.length, 'damaged place')
    const question = `Repair ${places}? Damaged files are kept beside the repaired ones.`
    if (options.yes !== true && !(await confirm(question))) {
      note('Nothing was changed.')
      return 1
    }
  }
  const report = await repairLog(options.dataDir)
  if (options.output !== 'text') print(await serialise(report, options.output))
  else noteRepaired(report)
  return 0
}

function noteVerified(report: VerifyReport, dataDir: string): void {
  const { files, frames, batches, bytes, problems, tornBytes } = report
  for (const problem of problems) note(`${problem.message}${recordsOf(problem)}`)
  if (tornBytes > 0) {
    note(
      `${counted(tornBytes, 'byte')} of a commit that a crash interrupted; the next start cuts them, nothing is lost`
    )
  }
  const read = `${counted(files, 'file')}, ${counted(frames, 'frame')}, ${counted(batches, 'batch', 'batches')}`
  const all = `${read}, ${formatBytes(bytes)}`
  if (problems.length === 0) {
    note(`OK: ${all}: every byte is as it was written`)
    return
  }
  const places = counted(problems.length, 'damaged place')
  note(`${places} in ${all}; repair: millrace log repair --data-dir ${dataDir}`)
}

function recordsOf(problem: VerifyReport['problems'][number]): string {
  const { topic, partition, firstOffset, lastOffset } = problem
  return topic === null ? '' : ` (${topic} ${partition}, offsets ${firstOffset} to ${lastOffset})`
}

function noteRepaired(report: RepairReport): void {
  const { repaired, lost, unreadable, indexesRemoved } = report
  for (const { file, original } of repaired)
    note(`repaired ${file}; the damaged one is kept as ${original}`)
  for (const file of indexesRemoved) note(`removed ${file}; the next start builds it anew`)
  for (const { file, position, bytes } of unreadable) {
    note(
      `${file}: ${counted(bytes, 'byte')} at byte ${position} cannot be read; nobody can tell what they held`
    )
  }
  if (lost.length > 0) {
    const columns = ['topic', 'partition', 'first lost', 'last lost', 'records']
    const rows = lost.map(({ topic, partition, firstOffset, lastOffset }) => [
      topic,
      partition,
      firstOffset,
      lastOffset,
      lastOffset - firstOffset + 1
    ])
    print(formatTable({ columns, rows }))
  }
  if (repaired.length + indexesRemoved.length === 0) note('OK: nothing to repair')
  else if (lost.length + unreadable.length === 0) note('OK: no record is lost')
}
