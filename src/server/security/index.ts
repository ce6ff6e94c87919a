// Security of servers: what is chosen for one, its certificates and audit log, and how it is administered.
export {
  administer,
  resourcesOf,
  runCommand,
  type SecurityCommand,
  type SecurityResult
} from './administration.ts'
export { AuditFile, AUDIT_FILE, AUDIT_FOLDER } from './audit-file.ts'
export { ControlSocket } from './control.ts'
export { Guard, type GuardOptions } from './guard.ts'
export {
  SECURITY_DEFAULT,
  checkExposure,
  type Listening,
  type SecuritySettings
} from './settings.ts'
export { TlsFiles, type TlsPaths } from './tls-files.ts'
