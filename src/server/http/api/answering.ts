// Asking tasks that may not answer: a function that does not return holds its whole thread.
import type { Clock } from '../../../base/index.ts'
import { comeLater } from '../errors.ts'

/** How long a thread of tasks may take to answer, ms. */
const ANSWER_MS = 5_000

/** What `asked` gives. @throws 503 it did not come in time */
export async function answered<T>(
  clock: Clock,
  asked: Promise<T>,
  waitMs: number = ANSWER_MS
): Promise<T> {
  const late = new AbortController()
  const tooLate = clock.sleep(waitMs, late.signal).then(() => {
    throw comeLater(
      'NOT_ANSWERING',
      `the tasks did not answer within ${waitMs} ms: a function of theirs does not return; ask again, or restart it`
    )
  })
  try {
    return await Promise.race([asked, tooLate])
  } finally {
    late.abort()
    tooLate.catch(() => {})
  }
}
