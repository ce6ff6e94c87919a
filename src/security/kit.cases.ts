// A memory of security for tests, and who asks.
import { SeededRandom, SimulatedClock } from '../base/index.ts'
import type { Audit, AuditEvent } from './audit.ts'
import type { SecurityMemory } from './memory.ts'
import type { AccessRule } from './rules.ts'
import { Security, type Identity } from './security.ts'

/** What would be on the disk: JSON by key. */
export class TestMemory implements SecurityMemory {
  readonly stored: Map<string, string> = new Map()

  get(key: string): unknown {
    const text = this.stored.get(key)
    return text === undefined ? undefined : JSON.parse(text)
  }

  *entries(prefix: string): Iterable<readonly [string, unknown]> {
    for (const [key, text] of this.stored) {
      if (key.startsWith(prefix)) yield [key.slice(prefix.length), JSON.parse(text)]
    }
  }

  change(changes: ReadonlyMap<string, unknown>): Promise<void> {
    for (const [key, value] of changes) {
      if (value === null) this.stored.delete(key)
      else this.stored.set(key, JSON.stringify(value))
    }
    return Promise.resolve()
  }
}

/** Security over a memory of its own, with what was noted. */
export async function testSecurity(
  options: { readonly memory?: TestMemory; readonly isRequired?: boolean | null } = {}
): Promise<{
  readonly security: Security
  readonly memory: TestMemory
  readonly clock: SimulatedClock
  readonly events: AuditEvent[]
}> {
  const { memory = new TestMemory(), isRequired = true } = options
  const clock = new SimulatedClock()
  const events: AuditEvent[] = []
  const audit: Audit = { note: event => void events.push(event) }
  const random = new SeededRandom(1)
  const security = await Security.open({ memory, clock, random, isRequired, audit })
  return { security, memory, clock, events }
}

/** A rule, by what differs from: ana may read the topic orders. */
export function rule(changes: Partial<AccessRule> = {}): AccessRule {
  return {
    permission: 'allow',
    principal: 'User:ana',
    host: '*',
    operation: 'read',
    kind: 'topic',
    pattern: 'literal',
    name: 'orders',
    ...changes
  }
}

/** Somebody at 10.0.0.1. */
export function who(user: string, host = '10.0.0.1'): Identity {
  return { principal: `User:${user}`, host, door: 'kafka' }
}
