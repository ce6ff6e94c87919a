// A quiet reporter for node:test: one line per file, every failure in full, and the counts at the end.
import { relative } from 'node:path'

interface TestEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly file?: string
    readonly nesting?: number
    readonly skip?: boolean | string
    readonly message?: string
    readonly details?: {
      readonly type?: string
      readonly duration_ms?: number
      readonly error?: unknown
    }
  }
}

interface Tally {
  passed: number
  failed: number
  skipped: number
}

/** Turns the events of a test run into text; the last line is `N passed, N failed[, N skipped]`. */
export async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, Tally>()
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message ?? ''
      continue
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details?.type === 'suite') continue
    const file = relative(process.cwd(), data.file ?? '')
    const isFile = data.name === data.file || data.name === file
    if (isFile && type === 'test:pass') continue
    const tally = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 }
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
  const total: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const [file, tally] of files) {
    total.passed += tally.passed
    total.failed += tally.failed
    total.skipped += tally.skipped
    yield `${tally.failed > 0 ? 'FAILED' : 'ok    '} ${String(tally.passed).padStart(4)} ${file}\n`
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  yield `${total.passed} passed, ${total.failed} failed${skipped}\n`
}

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
