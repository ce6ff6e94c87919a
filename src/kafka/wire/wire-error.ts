// The one error of reading a frame.
import { MillraceError } from '../../base/index.ts'

/** A frame does not hold what its header promises. The connection that it came over cannot go on. */
export function malformed(what: string, position: number): MillraceError {
  return new MillraceError(
    'FRAME_MALFORMED',
    `${what}, at byte ${position} of the frame; expected a message of the Kafka protocol; ` +
      'check that the client speaks Kafka to this port and is of the version that it says',
    { details: { position } }
  )
}
