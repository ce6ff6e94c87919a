// Exit codes of the command line, and which errors are the user's to mend.

/** Done. */
export const EXIT_DONE = 0
/** Failed while running: a dataflow, the disk, a damaged log; or somebody said no. */
export const EXIT_FAILED = 1
/** Wrong input or usage: an invalid file, an unknown name or option, what another process uses. */
export const EXIT_USAGE = 2
/** Ctrl-C twice: it did not wait for its end. */
export const EXIT_INTERRUPTED = 130

/** Errors that the user mends by changing the command or what it reads; the same command again fails again. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'USAGE',
  // Another process has it.
  'DISK_LOCKED',
  'HTTP_ADDRESS',
  'LISTEN_ADDRESS',
  'LOG_LOCKED',
  // Nothing has this name, or something has it already.
  'DATAFLOW_UNKNOWN',
  'DATA_DIRECTORY_UNKNOWN',
  'DEPLOYMENT_CONFLICT',
  'DEPLOYMENT_UNKNOWN',
  'FUNCTION_UNKNOWN',
  'GROUP_UNKNOWN',
  'NOT_A_SERVER',
  'PARTITION_UNKNOWN',
  'PROFILE_EXISTS',
  'PROFILE_UNKNOWN',
  'STATE_UNKNOWN',
  'TOKEN_UNKNOWN',
  'TOPIC_EXISTS',
  'TOPIC_UNKNOWN',
  'USER_EXISTS',
  'USER_UNKNOWN',
  // It is what it is not to be.
  'COMPRESSION_UNSUPPORTED',
  'CONFIG_INVALID',
  'DEPLOYMENT_INVALID',
  'DEPLOYMENT_TOO_LARGE',
  'GROUP_INVALID',
  'GROUP_NOT_EMPTY',
  'GROUP_REFUSED',
  'OFFSET_OUT_OF_RANGE',
  'PROFILE_INVALID',
  'PROFILE_KIND',
  'PROFILE_SECRET',
  'PROFILES_DAMAGED',
  'REGISTRY_AUTH',
  'SECURITY_DISABLED',
  'SECURITY_NAME',
  'SECURITY_NOBODY',
  'SECURITY_PASSWORD',
  'SECURITY_RULE',
  'SQL_INVALID',
  'TLS_FILE',
  'TOPIC_INTERNAL',
  'TOPIC_INVALID',
  // What files say and have.
  'BUILD_MODULE',
  'BUILD_SCHEMA',
  'BUNDLE_FILE',
  'BUNDLE_PACKAGE',
  'EXPORT_NOT_FOUND',
  'FUNCTION_SPEC',
  'FUNCTION_TYPENAME',
  'MODULE_NOT_FOUND',
  'SCHEMA_INVALID',
  'TASKS_CHANGED',
  'TYPE_UNSUPPORTED',
  'UPGRADE_REFUSED'
])

/** The exit code of an error of this code. */
export function exitCodeOf(code: string): number {
  return USAGE_CODES.has(code) ? EXIT_USAGE : EXIT_FAILED
}
