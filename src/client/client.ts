// Opens a log by a profile, and makes producers, consumers and the administrator of it.
import { resolve } from 'node:path'

import {
  MillraceError,
  SystemClock,
  SystemDisk,
  systemEnvironment,
  SystemRandom,
  unreachable,
  type Clock,
  type Disk,
  type Environment,
  type Random
} from '../base/index.ts'
import { Admin } from './admin.ts'
import { bytes, type Codecs } from './codec.ts'
import { Consumer } from './consumer/consumer.ts'
import type { ConsumerOptions } from './consumer/options.ts'
import type { ClientParts, Closeable, Driver } from './driver.ts'
import { clientClosed } from './errors.ts'
import { Producer, type ProducerOptions } from './producer.ts'
import {
  chooseProfile,
  kafkaAccess,
  ProfileStore,
  profilesPath,
  type Profile,
  type ProfileChoice
} from './profiles/index.ts'

/** What a client is told beside its profile. */
export interface ConnectOptions {
  /** Name that clusters see. Default `millrace`. */
  readonly clientId?: string
  /** Refuse a data directory that is not there, instead of making it. Default false. */
  readonly mustExist?: boolean
  /** Allows a data directory on a read-only volume; called with a sentence for people. */
  readonly onUnlocked?: (sentence: string) => void
}

/** What a client takes from its surroundings; tests give their own. */
export interface ClientHost {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly environment: Environment
}

const CLIENT_ID_DEFAULT = 'millrace'
const BYTES: Codecs<Buffer, Buffer> = { key: bytes, value: bytes }
/** What says where a log is. */
const PLACES: Required<{ readonly [Name in keyof ProfileChoice]: true }> = {
  profile: true,
  bootstrap: true,
  dataDir: true
}

/** Options of which the types of keys and values may be left out: then they are bytes. */
type WithTypes<Options, K, V> = Omit<Options, 'types'> & { readonly types: Codecs<K, V> }
type WithoutTypes<Options> = Omit<Options, 'types'> & { readonly types?: never }

/** A log that is open. Many may be open at once. Close it. */
export class Client {
  /** Administers the log. */
  readonly admin: Admin
  readonly #driver: Driver
  readonly #clock: Clock
  readonly #open = new Set<Closeable>()
  #isClosed = false

  constructor(driver: Driver, clock: Clock) {
    this.#driver = driver
    this.#clock = clock
    this.admin = new Admin(driver.admin)
  }

  /** A producer. @throws USAGE, COMPRESSION_UNSUPPORTED */
  producer<K, V>(options: WithTypes<ProducerOptions<K, V>, K, V>): Promise<Producer<K, V>>
  producer(options?: WithoutTypes<ProducerOptions<Buffer, Buffer>>): Promise<Producer>
  async producer(options: Partial<ProducerOptions<Buffer, Buffer>> = {}): Promise<Producer> {
    this.#check()
    return await this.#keep(await Producer.open(this.#parts(), { types: BYTES, ...options }))
  }

  /** A consumer, which begins to read at once. @throws TOPIC_UNKNOWN, PARTITION_UNKNOWN, USAGE */
  consumer<K, V>(options: WithTypes<ConsumerOptions<K, V>, K, V>): Promise<Consumer<K, V>>
  consumer(options: WithoutTypes<ConsumerOptions<Buffer, Buffer>>): Promise<Consumer>
  async consumer(
    options: Omit<ConsumerOptions<Buffer, Buffer>, 'types'> & {
      readonly types?: Codecs<Buffer, Buffer>
    }
  ): Promise<Consumer> {
    this.#check()
    return await this.#keep(await Consumer.open(this.#parts(), { types: BYTES, ...options }))
  }

  /** Closes all that it made, then the log, whatever fails on the way: the first error is thrown then. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const errors: unknown[] = []
    const note = (error: unknown): unknown => errors.push(error)
    // What is closed takes itself out.
    for (const each of this.#open) await each.close().catch(note)
    await this.#driver.close().catch(note)
    if (errors.length > 0) throw errors[0]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #parts(): ClientParts {
    return {
      driver: this.#driver,
      clock: this.#clock,
      onClose: made => this.#open.delete(made)
    }
  }

  async #keep<T extends Closeable>(made: T): Promise<T> {
    this.#open.add(made)
    if (!this.#isClosed) return made
    // Closed meanwhile: nobody else would close this.
    await made.close()
    throw clientClosed('client')
  }

  #check(): void {
    if (this.#isClosed) throw clientClosed('client')
  }
}

/**
 * Opens the log of a profile: given, named (`{ profile: 'staging' }`), on the spot (`{ bootstrap }`, `{ dataDir }`), or
 * the one that counts for this user when nothing is said. A data directory is opened by this process, a cluster is
 * connected to when it is first asked.
 * @throws USAGE an unknown word is given · PROFILE_UNKNOWN, PROFILE_SECRET · LOG_LOCKED another process uses the data
 * directory
 */
export async function connect(
  choice: ProfileChoice | Profile = {},
  options: ConnectOptions = {}
): Promise<Client> {
  const host: ClientHost = {
    clock: new SystemClock(),
    random: new SystemRandom(),
    disk: new SystemDisk(),
    environment: systemEnvironment()
  }
  const profile = 'kind' in choice ? choice : await chosen(known(choice), host)
  return await openClient(profile, options, host)
}

/** A misspelt word would open the log that counts when nothing is said. @throws USAGE */
function known(choice: ProfileChoice): ProfileChoice {
  const other = Object.keys(choice).find(name => !(name in PLACES))
  if (other === undefined) return choice
  const places = Object.keys(PLACES).join(', ')
  throw new MillraceError(
    'USAGE',
    `connect was given ${other}, which it does not know; expected one of ${places}, or a profile with its kind; ` +
      'correct the word'
  )
}

/** The same with everything given. */
export async function openClient(
  profile: Profile,
  options: ConnectOptions,
  host: ClientHost
): Promise<Client> {
  const driver = await openDriver(profile, options, host)
  return new Client(driver, host.clock)
}

async function openDriver(
  profile: Profile,
  options: ConnectOptions,
  { clock, random, disk, environment }: ClientHost
): Promise<Driver> {
  const { clientId = CLIENT_ID_DEFAULT, mustExist = false, onUnlocked } = options
  switch (profile.kind) {
    case 'embedded': {
      const { EmbeddedDriver } = await import('./embedded/driver.ts')
      return await EmbeddedDriver.open({
        folder: resolve(profile.dataDir),
        clock,
        random,
        disk,
        clientId,
        mustExist,
        ...(onUnlocked === undefined ? {} : { onUnlocked })
      })
    }
    case 'server':
    case 'kafka': {
      const access = await kafkaAccess(profile, { environment, disk })
      const { KafkaDriver } = await import('./kafka/driver.ts')
      return await KafkaDriver.open({ bootstrap: profile.bootstrap, clientId, ...access }, clock)
    }
    default:
      return unreachable(profile)
  }
}

async function chosen(choice: ProfileChoice, host: ClientHost): Promise<Profile> {
  const { disk, clock, environment } = host
  const store = new ProfileStore(profilesPath(environment), disk, clock)
  return (await chooseProfile(choice, store, environment)).profile
}
