// The windows of one service in one task, made from its plan.
import type { WindowPlan, WindowShape } from '../../dataflow/plan.ts'
import type { KeyCodec, KeyedState } from '../../state/contract.ts'
import { type AlignedShape, AlignedWindows } from '../windows/aligned-windows.ts'
import type { Windows, WindowsOptions } from '../windows/contract.ts'
import { CountWindows } from '../windows/count-windows.ts'
import { SessionWindows } from '../windows/session-windows.ts'

/** What {@link windowsOf} needs beside what all windows need. */
export interface ServiceWindowsOptions extends WindowsOptions {
  readonly plan: WindowPlan
  readonly key: KeyCodec
  readonly registry: KeyedState<readonly number[]>
}

/** The windows that `plan` describes. */
export function windowsOf(options: ServiceWindowsOptions): Windows {
  const { shape, merge } = options.plan
  if (shape.kind === 'session') return new SessionWindows({ ...options, gapMs: shape.gapMs })
  if (shape.kind === 'count') return new CountWindows({ ...options, records: shape.records })
  return new AlignedWindows({ ...options, shape: alignedShape(shape, merge !== null) })
}

/** Whether windows belong to one key each. */
export function isPerKey({ shape }: WindowPlan): boolean {
  return shape.kind === 'session' || shape.kind === 'count'
}

function alignedShape(
  shape: Exclude<WindowShape, { readonly kind: 'session' | 'count' }>,
  hasMerge: boolean
): AlignedShape {
  if (shape.kind === 'global') {
    const never = Number.POSITIVE_INFINITY
    return { durationMs: never, slideMs: never, offsetMs: 0, inPanes: false }
  }
  const { durationMs, offsetMs } = shape
  if (shape.kind === 'tumbling')
    return { durationMs, slideMs: durationMs, offsetMs, inPanes: false }
  const { slideMs } = shape
  return { durationMs, slideMs, offsetMs, inPanes: hasMerge && slideMs < durationMs }
}
