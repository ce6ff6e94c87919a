// A quiet reporter for node:test: one line per file with its time, every failure in full, and the counts at the end.
import { relative } from 'node:path'

interface TestEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly file?: string
    readonly nesting?: number
    readonly skip?: boolean | string
    readonly message?: string
    /** Of a summary. */
    readonly duration_ms?: number
    readonly details?: {
      readonly type?: string
      readonly error?: unknown
    }
  }
}

interface Tally {
  passed: number
  failed: number
  skipped: number
  seconds: number
}

/** Files that take less are not said to take time. */
const SECONDS_SHOWN = 2

/** Turns the events of a test run into text; the last line is `N passed, N failed[, N skipped]`. */
export async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, Tally>()
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message ?? ''
      continue
    }
    const file = relative(process.cwd(), data.file ?? '')
    const summed = type === 'test:summary' ? files.get(file) : undefined
    if (summed !== undefined) summed.seconds = Math.round((data.duration_ms ?? 0) / 1_000)
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details?.type === 'suite') continue
    const isFile = data.name === data.file || data.name === file
    if (isFile && type === 'test:pass') continue
    const tally = files.get(file) ?? none()
    files.set(file, tally)
    if (type === 'test:fail') {
      tally.failed++
      yield `\nFAILED ${file}: ${data.name}\n${describe(data.details?.error)}\n\n`
    } else if (data.skip) {
      tally.skipped++
      yield `skipped ${file}: ${data.name}: ${String(data.skip)}\n`
    } else {
      tally.passed++
    }
  }
  const total = none()
  for (const [file, tally] of files) {
    total.passed += tally.passed
    total.failed += tally.failed
    total.skipped += tally.skipped
    const time = tally.seconds < SECONDS_SHOWN ? '' : `, ${tally.seconds} s`
    yield `${tally.failed > 0 ? 'FAILED' : 'ok    '} ${String(tally.passed).padStart(4)} ${file}${time}\n`
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  yield `${total.passed} passed, ${total.failed} failed${skipped}\n`
}

const none = (): Tally => ({ passed: 0, failed: 0, skipped: 0, seconds: 0 })

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ERR_TEST_FAILURE' && error.cause)
    return describe(error.cause)
  const cause = error.cause === undefined ? '' : `\n${describe(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

// The test runner takes the default export.
// oxlint-disable-next-line import/no-default-export
export { report as default }
