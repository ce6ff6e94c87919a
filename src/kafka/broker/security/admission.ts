// Who may be connected: how many at all, how many from one address, how many that have not said who they are.
//
//   D1  A connection that did not log in within its time is ended.
//   D2  What is refused here costs an attacker more than us: nothing is read, and operators are told once a minute.
import type { Socket } from 'node:net'
import type { Clock } from '../../../base/index.ts'

/** Bounds of connections. */
export interface AdmissionBounds {
  /** From one address. */
  readonly perAddressMax: number
  /** That have not logged in, of all addresses. */
  readonly strangersMax: number
  /** How long a connection may take to log in, the TLS handshake included, ms. */
  readonly loginMs: number
}

export const ADMISSION_BOUNDS: AdmissionBounds = {
  perAddressMax: 2_000,
  strangersMax: 1_000,
  loginMs: 10_000
}

const TOLD_MS = 60_000
const TOLD_MAX = 1_000

/** A connection that was let in. */
export interface Admitted {
  /** It has logged in. */
  know(): void
}

/** Counts connections of one listener. */
export class Admission {
  readonly #clock: Clock
  readonly #bounds: AdmissionBounds
  readonly #tell: (client: string, reason: string) => void
  readonly #byAddress = new Map<string, number>()
  readonly #told = new Map<string, number>()
  #strangers = 0

  constructor(
    clock: Clock,
    bounds: AdmissionBounds,
    tell: (client: string, reason: string) => void
  ) {
    this.#clock = clock
    this.#bounds = bounds
    this.#tell = tell
  }

  /** Lets a socket in, or ends it and gives null. `isStranger`: it has to log in. */
  admit(socket: Socket, isStranger: boolean): Admitted | null {
    const address = socket.remoteAddress ?? ''
    const same = this.#byAddress.get(address) ?? 0
    const { perAddressMax, strangersMax } = this.#bounds
    if (same >= perAddressMax) {
      return this.#refuse(socket, `there are ${same} connections from ${address} already`)
    }
    if (isStranger && this.#strangers >= strangersMax) {
      return this.#refuse(socket, `${this.#strangers} connections have not logged in yet`)
    }
    this.#byAddress.set(address, same + 1)
    const known = isStranger ? this.#await(socket) : () => undefined
    socket.once('close', () => {
      known()
      const left = (this.#byAddress.get(address) ?? 1) - 1
      if (left === 0) this.#byAddress.delete(address)
      else this.#byAddress.set(address, left)
    })
    return { know: known }
  }

  /** D1. Gives what ends the waiting. */
  #await(socket: Socket): () => void {
    this.#strangers++
    let isWaiting = true
    const known = (): void => {
      if (!isWaiting) return
      isWaiting = false
      this.#strangers--
      timer.cancel()
    }
    const { loginMs } = this.#bounds
    const end = (): void => {
      this.#say(socket, `it did not log in within ${loginMs / 1_000} s`)
      socket.destroy()
    }
    const timer = this.#clock.timer(loginMs, end, { unref: true })
    return known
  }

  #refuse(socket: Socket, reason: string): null {
    this.#say(socket, reason)
    socket.destroy()
    return null
  }

  #say({ remoteAddress = '', remotePort = 0 }: Socket, reason: string): void {
    this.tell(remoteAddress, remotePort, reason)
  }

  /** Tells why a connection was ended, once a minute for each address (D2). */
  tell(address: string, port: number, reason: string): void {
    const now = this.#clock.monotonic()
    if (now - (this.#told.get(address) ?? -Infinity) < TOLD_MS) return
    if (this.#told.size >= TOLD_MAX) this.#told.clear()
    this.#told.set(address, now)
    this.#tell(`${address}:${port}`, reason)
  }
}
