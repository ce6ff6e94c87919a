// The dedup of one service in one task, and the states in which it remembers what it has seen.
import type { ServicePlan } from '../../dataflow/plan.ts'
import type { StateSpec, TaskState, ValueCodec } from '../../state/contract.ts'
import { compileKeyCodec } from '../convert/index.ts'
import { Seen, keyAsValue } from '../dedup/dedup.ts'
import { numbersCodec } from '../windows/numbers-codec.ts'
import type { Library } from './library.ts'
import { bookName } from './names.ts'
import { windowKeyCodec } from './window-states.ts'

/** The states of a service's dedup. A file's states have no `$`. */
export function dedupSpecs(service: ServicePlan, library: Library): StateSpec[] {
  if (service.partition?.dedup === undefined) return []
  const key = windowKeyCodec(service, library)
  const numbers = numbersCodec as ValueCodec as ValueCodec<unknown>
  const number = compileKeyCodec({ kind: 's64', bigint: false })
  const text = compileKeyCodec({ kind: 'string' })
  const keys = keyAsValue(key) as ValueCodec as ValueCodec<unknown>
  return [
    { name: nameOf(service, 'seen'), key, value: numbers, fingerprint: 'seen' },
    { name: nameOf(service, 'order'), key: number, value: keys, fingerprint: 'order' },
    { name: nameOf(service, 'books'), key: text, value: numbers, fingerprint: 'books' }
  ]
}

/** What a service has seen; null where it has no dedup. */
export function seenOf(service: ServicePlan, state: TaskState | null): Seen | null {
  const bounds = service.partition?.dedup
  if (bounds === undefined) return null
  return new Seen(
    {
      seen: state!.state(nameOf(service, 'seen')),
      order: state!.state(nameOf(service, 'order')),
      books: state!.state(nameOf(service, 'books'))
    },
    bounds
  )
}

function nameOf(service: ServicePlan, part: string): string {
  return bookName(service, `dedup-${part}`)
}
