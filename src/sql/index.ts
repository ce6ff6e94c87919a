// The public face of sql: states as tables, statements checked, and the database that answers.
export { type Cell, type Column } from './columns.ts'
export {
  Database,
  type QueryLimits,
  type SqlParameter,
  type SqlResult,
  type TableRow
} from './database.ts'
export { SQL_TEXT_MAX, type Statement, readStatement } from './statement.ts'
export { type Names, type Table, namesOf, serviceNames, tablesOf } from './tables.ts'
