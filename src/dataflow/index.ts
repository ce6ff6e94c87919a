// The public face of dataflow: text → checked plan + diagnostics, and what others need to speak of types and names.
export type { Diagnostic } from './diagnostics.ts'
export type * from './plan.ts'
export type * from './types.ts'
export { cronClock, type CronClock } from './cron.ts'
export { compile, compilePackage, type CompileOptions, type CompileResult } from './compile.ts'
export { planOfPackage, type CompilePackageResult } from './packages/compile-package.ts'
export type * from './packages/model.ts'
export { formatDiagnostic, formatDiagnostics, type FormatOptions } from './format.ts'
export {
  parseFunction,
  type Annotation,
  type CodeProblem,
  type ParsedFunction,
  type ParsedParameter,
  type ParseFunctionResult
} from './code/parse-function.ts'
export {
  readTypeExpression,
  SCALAR_TYPE_NAMES,
  TYPESCRIPT_GLOBALS,
  type TypeReading,
  type TypeScope
} from './code/type-expression.ts'
export { acornLibrary } from './libraries.ts'
export { isIdentifier, nearestWord, toCamel, toKebab, toPascal, toSnake } from './names.ts'
export { Report, type Span } from './report.ts'
export {
  renderJsonSchema,
  renderPackageSchema,
  renderTestSchema,
  type JsonSchema
} from './sections/json-schema.ts'
export { OPERATORS, type OperatorSpec } from './sections/operators.ts'
export { renderReference, renderSection } from './sections/reference.ts'
export { SECTIONS, type SectionGroup } from './sections/sections.ts'
export type { KeySpec, SectionSpec, ValueShape } from './sections/declare.ts'
export { readSection, startOf, type ReadContext, type Section } from './sections/section.ts'
export {
  avroSchemaOf,
  branchNameOf,
  fullNameOf,
  isAvroUnion,
  type AvroDefinition,
  type AvroField,
  type AvroSchema,
  type SchemaResult
} from './schema/avro-schema.ts'
export { compareTypes, type TypeDifference } from './schema/compare-types.ts'
export { importSchema } from './schema/import-schema.ts'
export type { ImportedTypes } from './schema/imported.ts'
export { jsonSchemaOf } from './schema/json-schema-of.ts'
export { typesYaml } from './schema/types-yaml.ts'
export { readProto, type ProtoFile } from './schema/proto-file.ts'
export {
  isMessage,
  isPlainEnum,
  isWrapped,
  protoNames,
  protoSchemaOf,
  type ProtoSchema
} from './schema/proto-schema.ts'
export { parseDuration, parseSize } from './sections/units.ts'
export { accepts } from './type-match.ts'
export {
  describeType,
  isIntegerType,
  isScalarType,
  isStateKey,
  SCALAR_WORDS,
  scalarOf,
  typeFingerprint
} from './type-text.ts'
export {
  enumText,
  listText,
  memberText,
  objectText,
  scalarText,
  typeScriptBody,
  typeScriptOf,
  type TypeScriptMember,
  type TypeScriptWords
} from './typescript-text.ts'
export { readTrees } from './yaml/read-tree.ts'
export {
  entryAt,
  kindOf,
  quoted,
  valueAt,
  type Entry,
  type ListNode,
  type MapNode,
  type ScalarNode,
  type TreeNode
} from './yaml/tree.ts'
export type * from './test-file/model.ts'
export { readTestFile, timeOf } from './test-file/read-test-file.ts'
