// The public face of security: who may come in, and what they may do.
//
// Both doors ask the same object. Kafka's: `kafka/broker`. HTTP:
//
//     const who = security.bearer(request.headers.authorization, clientAddress(request.socket))
//     if (who === null) → 401, WWW-Authenticate: Bearer
//     if (!security.allows(who, 'write', 'topic', name)) → 403
//
// Where nobody must authenticate (`isRequired` is false) the same calls give ANONYMOUS and true.
export { NO_AUDIT, type Audit, type AuditEvent } from './audit.ts'
export { readSubjectRules, subjectName, type SubjectNaming } from './certificate.ts'
export { grantCommand, type Right } from './grant.ts'
export type { SecurityMemory } from './memory.ts'
export { checkRule, type AccessRule, type Asker } from './rules.ts'
export {
  SCRAM_ITERATIONS_MAX,
  SCRAM_ITERATIONS_MIN,
  SCRAM_MECHANISMS,
  ScramExchange,
  credentialOf,
  keyBytes,
  saltPassword,
  type ScramCredential,
  type ScramMechanism
} from './scram.ts'
export { Security, type Identity, type SecurityOptions } from './security.ts'
export { secureOptions, type TlsMaterial, type TlsSource } from './tls.ts'
export type { TokenListing } from './tokens.ts'
export { checkPassword, type UserListing } from './users.ts'
export {
  ANONYMOUS,
  ANY,
  CLUSTER_NAME,
  EVERYBODY,
  OPERATIONS,
  OPERATIONS_OF,
  RESOURCE_KINDS,
  checkPrincipal,
  checkUserName,
  clientAddress,
  isPlainName,
  principalOf,
  type Operation,
  type Principal,
  type ResourceKind
} from './words.ts'
