// The sentences about damaged files: which file, where, which checksum, and the command that repairs it.
import { MillraceError } from '../../base/index.ts'
import { type FormatFault, hex } from './format.ts'

/** A place in a file and what is wrong there. */
export interface DamagedPlace {
  readonly file: string
  readonly position: number
  readonly fault: FormatFault
  /** The data directory that the repair command is to be given. */
  readonly folder: string
}

/** The log as a whole cannot be read. */
export function logDamaged(place: DamagedPlace): MillraceError {
  const { file, position, fault } = place
  return new MillraceError('LOG_DAMAGED', sentenceOf(place), {
    details: { file, position, expected: fault.expected, found: fault.found }
  })
}

/** Why a partition is refused from one of its batches on. */
export function partitionReason(topic: string, partition: number, place: DamagedPlace): string {
  return `${topic}/${partition} is damaged and refused from there on: ${sentenceOf(place)}`
}

/** What is wrong at a place, with the values. */
export function problemSentence(place: Omit<DamagedPlace, 'folder'>): string {
  const { file, position, fault } = place
  const sums =
    fault.expected === undefined || fault.found === undefined
      ? 'the bytes that were written were expected'
      : `${valueOf(fault, fault.expected)} was expected, ${valueOf(fault, fault.found)} was found`
  return `${file} is damaged at byte ${position}: ${fault.message}; ${sums}`
}

function sentenceOf(place: DamagedPlace): string {
  return (
    `${problemSentence(place)}; ` +
    `stop what uses the log and run "millrace log repair --data-dir ${place.folder}", ` +
    'which keeps everything else and says what is lost'
  )
}

function valueOf(fault: FormatFault, value: number): string {
  return fault.message.includes('checksum') ? hex(value) : String(value)
}
