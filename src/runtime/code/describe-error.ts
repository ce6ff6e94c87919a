// What a user's function threw, as one sentence and one place: for dead letters, logs and people.
import { fileURLToPath } from 'node:url'
import { isAbsolute, relative } from 'node:path'
import { ERROR_MESSAGE_LENGTH_MAX } from '../../base/index.ts'
import type { StepPlan } from '../../dataflow/plan.ts'
import type { UserErrorDescription } from './contract.ts'
import { inlineFile } from './inline.ts'
import { placeInSource } from './source-map.ts'

const STACK_LENGTH_MAX = 20_000
const FRAME = /^ {4}at (?:.*? \()?(?:async )?(.+?):(\d+):(\d+)\)?$/

/**
 * The message and the place of anything thrown, or a promise's rejection. Never throws, whatever it is given.
 * Inline functions: the place in the dataflow file. Modules: the first frame in the user's folder, relative to
 * it, else the step's place.
 */
export function describeUserError(
  error: unknown,
  step: StepPlan,
  folder: string
): UserErrorDescription {
  return { message: messageOf(error), place: placeOf(error, step, folder) }
}

function messageOf(error: unknown): string {
  const text = textOf(error)
  if (text.length <= ERROR_MESSAGE_LENGTH_MAX) return text
  return `${text.slice(0, ERROR_MESSAGE_LENGTH_MAX - 1)}…`
}

function textOf(error: unknown): string {
  try {
    if (typeof error === 'object' && error !== null && 'message' in error) {
      const { name, message } = error as { readonly name?: unknown; readonly message: unknown }
      const text = String(message)
      const named = typeof name === 'string' && name !== 'Error' && name !== 'MillraceError'
      return named ? `${name}: ${text}` : text || 'an error without a message'
    }
    if (typeof error === 'object' && error !== null) return `threw ${JSON.stringify(error)}`
    return typeof error === 'string' ? error : `threw ${String(error)}`
  } catch {
    return 'threw something that cannot be shown'
  }
}

function placeOf(error: unknown, step: StepPlan, folder: string): string {
  const frames = framesOf(error)
  const { code } = step
  if (code.kind === 'inline') {
    const file = inlineFile(code, folder)
    for (const frame of frames) {
      if (frame.file !== file) continue
      const line = frame.line - code.at.line
      const place = placeInSource(code, line, frame.column - (line === 0 ? code.at.column : 1))
      return `${code.at.file}:${place.line}:${place.column}`
    }
  } else if (code.kind === 'module') {
    for (const frame of frames) {
      const path = relative(folder, frame.file)
      if (path.startsWith('..') || isAbsolute(path) || path.includes('node_modules')) continue
      return `${path}:${frame.line}:${frame.column}`
    }
  }
  return `${code.at.file}:${code.at.line}:${code.at.column}`
}

interface Frame {
  readonly file: string
  readonly line: number
  readonly column: number
}

function framesOf(error: unknown): readonly Frame[] {
  const frames: Frame[] = []
  for (const line of stackOf(error).split('\n')) {
    const match = FRAME.exec(line)
    if (match === null) continue
    const file = pathOf(match[1]!)
    if (file !== null) frames.push({ file, line: Number(match[2]), column: Number(match[3]) })
  }
  return frames
}

function stackOf(error: unknown): string {
  try {
    const stack = (error as { readonly stack?: unknown } | null | undefined)?.stack
    return typeof stack === 'string' ? stack.slice(0, STACK_LENGTH_MAX) : ''
  } catch {
    return ''
  }
}

function pathOf(location: string): string | null {
  if (!location.startsWith('file:')) return isAbsolute(location) ? location : null
  try {
    return fileURLToPath(location.replace(/[?#].*$/, ''))
  } catch {
    return null
  }
}
