// `millrace log`: verifies and repairs the files of a data directory that no run uses.
import { repairLog, verifyLog } from '../../server/index.ts'
import { confirm } from '../confirm.ts'
import { note, print, serialise } from '../output.ts'

export interface LogOptions {
  readonly dataDir: string
  readonly output: 'text' | 'json' | 'yaml'
  readonly yes?: boolean
}
