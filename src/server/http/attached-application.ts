// An application while it is served: on which listeners, and its two ends, for a time or for good.
import type { Clock } from '../../base/index.ts'
import type { HttpIngressPlan } from '../../functions/index.ts'
import type { ApplicationDoors, Site } from './application-doors.ts'
import { comeLater } from './errors.ts'
import { inTime } from './listen.ts'
import type { Listener } from './listen.ts'
import type { Mount, MountRoutes } from './mount.ts'
import { routeOf } from './routes/ingress.ts'

/** How long running requests may go on at an end, ms. */
export const GRACE_MS = 5_000
/** How long they have to take their last response, ms. */
export const FAREWELL_MS = 1_000

/** A listener and the lines of what it serves. */
export interface OpenListener {
  readonly listener: Listener
  /** Its port as it was asked for; null: nothing else may come here. */
  readonly port: number | null
  readonly lines: string[]
}

/** A site on its listener. */
export interface Placed {
  readonly site: Site
  readonly on: OpenListener
  readonly mount: Mount
}

/** An application that is served. */
export class AttachedApplication {
  readonly doors: ApplicationDoors
  readonly #placed: readonly Placed[]
  readonly #clock: Clock
  readonly #leave: (placed: readonly Placed[]) => Promise<void>
  #paused: (() => void)[] = []

  constructor(
    doors: ApplicationDoors,
    placed: readonly Placed[],
    options: {
      readonly clock: Clock
      readonly leave: (placed: readonly Placed[]) => Promise<void>
    }
  ) {
    this.doors = doors
    this.#placed = placed
    this.#clock = options.clock
    this.#leave = options.leave
  }

  /**
   * Answers what runs within `graceMs`, and takes no more: callers are told to come again until `detach`, and others
   * may be attached with the same paths. Ports that nothing shares are closed. The functions should still run, as those
   * that are waited for are answered by them.
   */
  async pause(graceMs: number = GRACE_MS): Promise<void> {
    for (const { site, on, mount } of this.#placed) {
      on.listener.unmount(mount)
      const pausing = on.listener.mount(pausedSite(this.doors, site), { isFirst: true })
      this.#paused.push(() => on.listener.unmount(pausing))
    }
    this.doors.endPolls()
    const idle = Promise.all(this.#placed.map(({ mount }) => mount.idle()))
    await inTime(this.#clock, graceMs, idle)
    this.doors.answers?.stop()
    await inTime(this.#clock, FAREWELL_MS, idle)
    await this.doors.idle()
    await this.#leave(this.#placed.filter(({ on }) => on.port === null))
  }

  /** Takes everything from the listeners; those that nothing else is on are closed. */
  async detach(): Promise<void> {
    for (const end of this.#paused.splice(0)) end()
    await this.#leave(this.#placed.filter(({ on }) => on.port !== null))
  }
}

/** The paths of an application that is being replaced. */
function pausedSite({ application }: ApplicationDoors, site: Site): MountRoutes {
  const ingresses = application.http.ingresses.filter(
    (plan): plan is HttpIngressPlan => plan.kind === 'http' && plan.port === site.port
  )
  const paths = site.isAlone ? ['*'] : ingresses.map(({ path }) => routeOf(path))
  return {
    routes: app => {
      for (const path of paths) {
        app.all(path, () => {
          throw comeLater('REPLACED', 'the functions are being replaced; repeat the request later')
        })
      }
      return []
    }
  }
}
