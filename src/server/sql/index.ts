// The public face of sql in the server: queries over the states of a run.
export { SqlService, SQL_TIMEOUT_MS_DEFAULT, type SqlQueryOptions } from './sql-service.ts'
