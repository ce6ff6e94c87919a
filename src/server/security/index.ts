// Security of servers: what is chosen for one, its certificates and audit log, and how it is administered.
export {
  administer,
  resourcesOf,
  runCommand,
  type SecurityCommand,
  type SecurityResult
} from './administration.ts'
export {
  SECURITY_DEFAULT,
  checkExposure,
  type Listening,
  type SecuritySettings
} from './settings.ts'
