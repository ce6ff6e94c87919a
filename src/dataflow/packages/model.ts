// What packages come to: checked types, states and functions, and what a file that imports them may name.
import type { CodePlan, OperatorKind, Position, WireSchema } from '../plan.ts'
import type { Span } from '../report.ts'
import type { Type } from '../types.ts'

/** A type with the time to live that its row declares, and the schema that it was imported from. */
export interface PackageType {
  readonly type: Type
  readonly ttlMs: number | null
  readonly schema: WireSchema | null
}

/** The types of a state. */
export interface PackageState {
  /** kebab-case. */
  readonly name: string
  /** Under `ctx.state`. */
  readonly property: string
  readonly key: Type
  readonly value: Type
  readonly ttlMs: number | null
}

/** A function, checked in its package. */
export interface PackageFunction {
  /** kebab-case, in the package. */
  readonly name: string
  /** `namespace/name` of the package, for messages. */
  readonly package: string
  readonly operator: OperatorKind
  readonly code: CodePlan
  readonly with: Readonly<Record<string, string>>
  /** What it takes; null when neither its signature nor the package says so. */
  readonly input: Type | null
  /** What leaves it (element of a flat-map, value of a keyed result); null when unknown. */
  readonly output: Type | null
  readonly outputKey: Type | null
  readonly sendsNothing: boolean
  /** States that a service with this function must have. */
  readonly states: readonly PackageState[]
  readonly at: Position
}

/** A package without errors, by kebab-case names; imported ones among them, so packages pass on what they import. */
export interface PackageModel {
  readonly name: string
  readonly namespace: string
  readonly version: string
  /** The file as diagnostics name it. */
  readonly file: string
  readonly types: ReadonlyMap<string, PackageType>
  readonly states: ReadonlyMap<string, PackageState>
  readonly functions: ReadonlyMap<string, PackageFunction>
}

/** Something imported, by the name that it has in the importing file. */
export interface Imported<T> {
  readonly value: T
  /** `namespace/name` of its package. */
  readonly package: string
  /** Its name there. */
  readonly name: string
  /** Where the file imports it. */
  readonly at: Span
}

/** Everything that a file imports. A value of null had a finding of its own. */
export interface Imports {
  readonly types: ReadonlyMap<string, Imported<PackageType> | null>
  readonly states: ReadonlyMap<string, Imported<PackageState> | null>
  readonly functions: ReadonlyMap<string, Imported<PackageFunction> | null>
}

/** A package that somebody imports. */
export interface PackageRequest {
  /** Folder or file, from the folder `from`; null for an npm package. */
  readonly path: string | null
  /** Name of the npm package; used when there is no path. */
  readonly npmName: string
  /** Folder of the importing file, relative to that of the root file: `.`, `words`, `../lib`. */
  readonly from: string
}

/** The text of a package file, or why there is none. */
export type PackageSource =
  | {
      readonly kind: 'found'
      /** Its name in diagnostics and plans: an absolute path, so that inline functions are found in stack traces. */
      readonly file: string
      /** Its folder, relative to that of the root file. */
      readonly folder: string
      /** Whether Node takes no TypeScript from there, because it lies below node_modules. */
      readonly isInstalled: boolean
      readonly text: string
    }
  | { readonly kind: 'missing'; readonly message: string; readonly hint: string }
