// The states in which windows and event time keep their own books, beside those that the file declares.
import type { ServicePlan } from '../../dataflow/plan.ts'
import type { KeyCodec, StateSpec, ValueCodec } from '../../state/contract.ts'
import type { ByteWriter } from '../../base/index.ts'
import { compileKeyCodec } from '../convert/index.ts'
import { type TravellingKey, packKey, unpackKey } from '../operators/travelling-key.ts'
import { numbersCodec } from '../windows/numbers-codec.ts'
import type { Library } from './library.ts'
import { bookName } from './names.ts'

const FINGERPRINT = 'list of numbers'

/** Name of the state with the watermarks of a service. A file's states have no `$`. */
export function timeStateName(service: ServicePlan): string {
  return bookName(service, 'time')
}

/** Name of the state with the open windows of a service. */
export function windowStateName(service: ServicePlan): string {
  return bookName(service, 'windows')
}

/** Name of the state with the bounds of the windows of keys that were closed last. */
export function lastStateName(service: ServicePlan): string {
  return bookName(service, 'last')
}

/** What a service with time and windows keeps beside its own states. */
export function bookSpecs(service: ServicePlan, library: Library, isTimed: boolean): StateSpec[] {
  const value = numbersCodec as ValueCodec as ValueCodec<unknown>
  const specs: StateSpec[] = []
  if (isTimed) {
    const key = compileKeyCodec({ kind: 'string' })
    specs.push({ name: timeStateName(service), key, value, fingerprint: FINGERPRINT })
  }
  if (service.window !== null) {
    const { kind } = service.window.shape
    const isByKey = kind === 'session' || kind === 'count'
    const key = isByKey
      ? windowKeyCodec(service, library)
      : compileKeyCodec({ kind: 's64', bigint: false })
    // Windows of another kind or size have other starts and meanings.
    const fingerprint = `${FINGERPRINT}: ${JSON.stringify(service.window.shape)}`
    specs.push({ name: windowStateName(service), key, value, fingerprint })
    if (isByKey) specs.push({ name: lastStateName(service), key, value, fingerprint: FINGERPRINT })
  }
  return specs
}

/** How the keys of a service's windows are kept: as assign-key declares them, else any scalar. */
export function windowKeyCodec(service: ServicePlan, library: Library): KeyCodec {
  return library.keyCodec(service.partition?.assignKey.outputKey ?? null) ?? anyKey
}

const anyKey: KeyCodec = {
  encode: (key, sink: ByteWriter) => sink.utf8(JSON.stringify(packKey(key))),
  decode: (bytes, start, end) =>
    unpackKey(
      JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()) as TravellingKey
    ) as string,
  check: key => key as string
}
