// A broker that wants to know who asks: over TLS or in the clear, with users, rules and what is noted.
import type { TestContext } from 'node:test'

import { SystemClock, SystemDisk, SystemRandom, type Clock } from '../../src/base/index.ts'
import {
  closeBrokerState,
  openBrokerState,
  startBroker,
  type BrokerOptions
} from '../../src/kafka/index.ts'
import { openDiskLog } from '../../src/log/index.ts'
import {
  Security,
  type AccessRule,
  type AuditEvent,
  type TlsMaterial,
  type TlsSource
} from '../../src/security/index.ts'
import { Authority, textOf, type KeyPair } from './certificates.ts'
import { finallyIn, stop, temporaryFolder, type TestBroker } from './kit.ts'

/** Who there is. */
export const USERS: Readonly<Record<string, string>> = {
  admin: 'admin-secret-1',
  ana: 'ana-secret-22',
  ben: 'ben-secret-333'
}

/** TLS whose material tests change. */
export class TestTls implements TlsSource {
  #current: TlsMaterial
  readonly #actions = new Set<() => void>()

  constructor(material: TlsMaterial) {
    this.#current = material
  }

  get current(): TlsMaterial {
    return this.#current
  }

  set(material: TlsMaterial): void {
    this.#current = material
    for (const action of this.#actions) action()
  }

  onChange(action: () => void): () => void {
    this.#actions.add(action)
    return () => this.#actions.delete(action)
  }
}

/** A key and its certificate as texts, with an authority of clients. */
export function materialOf(pair: KeyPair, clientAuthority: string | null = null): TlsMaterial {
  return {
    key: textOf(pair.key),
    certificate: textOf(pair.certificate),
    clientAuthorities: clientAuthority === null ? null : textOf(clientAuthority)
  }
}

/** A broker of {@link USERS}; `admin` is a super user. */
export interface SecureBroker extends TestBroker {
  readonly security: Security
  readonly events: AuditEvent[]
  readonly folder: string
}

/** What a test wants otherwise. */
export interface SecureOptions extends Partial<BrokerOptions> {
  readonly rules?: readonly AccessRule[]
  readonly brokerClock?: Clock
  readonly superUsers?: readonly string[]
}

/** Starts one; it ends with the test. */
export async function secureBrokerFor(
  t: TestContext,
  options: SecureOptions = {}
): Promise<SecureBroker> {
  const { rules = [], brokerClock: clock = new SystemClock(), superUsers = [], ...more } = options
  const folder = temporaryFolder(t)
  const random = new SystemRandom()
  const log = await openDiskLog({ disk: new SystemDisk(), folder, clock, random })
  const state = await openBrokerState(log, clock)
  const events: AuditEvent[] = []
  const security = await Security.open({
    memory: state.store,
    clock,
    random,
    superUsers,
    isRequired: true,
    audit: { note: event => void events.push(event) }
  })
  for (const [name, password] of Object.entries(USERS)) {
    await security.users.put(name, password, { isSuper: name === 'admin' })
  }
  await security.rules.add(rules)
  const problems: string[] = []
  const broker = await startBroker({
    log,
    clock,
    random,
    state,
    security,
    host: '127.0.0.1',
    port: 0,
    ...more,
    settings: { initialDelayMs: 20, heartbeatIntervalMs: 100, ...more.settings },
    onProblem: (_client, reason) => problems.push(reason)
  })
  const bootstrap = `127.0.0.1:${broker.address.port}`
  const started = { log, broker, bootstrap, problems, security, events, folder }
  finallyIn(t, async () => {
    await stop(started)
    closeBrokerState(state)
  })
  return started
}

/** A broker over TLS, with the authority that its clients trust. */
export async function tlsBrokerFor(
  t: TestContext,
  options: SecureOptions & { readonly withClientAuthority?: boolean } = {}
): Promise<SecureBroker & { readonly authority: Authority; readonly tls: TestTls }> {
  const { withClientAuthority = false, ...more } = options
  const authority = new Authority(temporaryFolder(t))
  const clients = withClientAuthority ? authority.certificate : null
  const tls = new TestTls(materialOf(authority.issue('server', '/CN=server'), clients))
  const started = await secureBrokerFor(t, { ...more, tls })
  return { ...started, authority, tls }
}
