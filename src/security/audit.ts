// What is noted for those who must know later who did what: logins, refusals, changes by administrators.
import type { Principal } from './words.ts'

/** One event. No field ever holds a password, a token, a key or a proof. */
export interface AuditEvent {
  readonly kind: 'login' | 'login-failed' | 'denied' | 'admin' | 'server'
  /** Who; null when that is not known. */
  readonly principal: Principal | null
  /** The client's address; null for what is done on the machine itself. */
  readonly host: string | null
  /** `kafka`, `http`, `local`. */
  readonly door: string
  /** How somebody showed who they are: SCRAM-SHA-256, PLAIN, certificate, token. */
  readonly method?: string
  /** What was asked: an operation, a request of the protocol, a command. */
  readonly action?: string
  /** What it was about, as `kind:name`. */
  readonly resources?: readonly string[]
  /** `ok`, or why not. */
  readonly outcome: string
}

/** Takes events; never throws and never waits. */
export interface Audit {
  note(event: AuditEvent): void
}

/** Forgets everything: where nobody must authenticate. */
export const NO_AUDIT: Audit = { note: () => undefined }
