// Reaches a data directory of this machine: opened by this process, for as long as the client is open.
import type {
  Driver,
  JoinRequest,
  Membership,
  MembershipEvents,
  ProducerRequest
} from '../driver.ts'
import type { Random } from '../../base/index.ts'
import { EmbeddedAdmin } from './admin.ts'
import { Host, type HostOptions } from './host.ts'
import { EmbeddedMembership } from './membership.ts'
import { EmbeddedReader } from './reader.ts'
import { EmbeddedWriter, type TransactionalIds } from './writer.ts'

/** A data directory that is open. */
export class EmbeddedDriver implements Driver {
  readonly admin: EmbeddedAdmin
  readonly #host: Host
  readonly #random: Random
  readonly #ids: TransactionalIds = new Map()
  readonly #members = new Set<EmbeddedMembership>()

  private constructor(host: Host, { folder, random }: HostOptions) {
    this.#host = host
    this.#random = random
    this.admin = new EmbeddedAdmin(host, folder)
  }

  /** @throws DATA_DIRECTORY_UNKNOWN, LOG_LOCKED and what else opening a log throws */
  static async open(options: HostOptions): Promise<EmbeddedDriver> {
    return new EmbeddedDriver(await Host.open(options), options)
  }

  reader(): Promise<EmbeddedReader> {
    return Promise.resolve(new EmbeddedReader(this.#host))
  }

  async join(request: JoinRequest, events: MembershipEvents): Promise<Membership> {
    const { clock } = this.#host
    const host = { broker: await this.#host.broker(), clock, random: this.#random }
    const membership = await EmbeddedMembership.join(host, request, events)
    this.#members.add(membership)
    return membership
  }

  writer(request: ProducerRequest): Promise<EmbeddedWriter> {
    return EmbeddedWriter.open(this.#host, request, this.#ids)
  }

  async close(): Promise<void> {
    for (const membership of this.#members) await membership.leave()
    await this.#host.close()
  }
}
