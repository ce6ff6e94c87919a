// From the builder's data to a checked plan: written as the file would be, compiled as the file is, and every place
// led back to the user's TypeScript. So both forms have the same checks and the same findings.
import { stripTypeScriptTypes } from 'node:module'
import { compile, Report } from '../dataflow/index.ts'
import type { Diagnostic } from '../dataflow/diagnostics.ts'
import type { CodePlan, Plan, Position, StepPlan } from '../dataflow/plan.ts'
import type { DataflowNode } from './dataflow.ts'
import { documentOf, type DocumentOptions, type StepText } from './document.ts'
import type { SourcePlace } from './place.ts'
import type { AnyFunction } from './step.ts'
import { type Mark, writeYaml, type YamlText } from './yaml-text.ts'

/** What the compiler is told beside the dataflow. */
export interface CompileBuiltOptions {
  /** The file's name in the plan, and in findings that have no place of their own. */
  readonly file: string
  /** How a file is called in findings; by default by its path. */
  nameOf?(path: string): string
  /** The text of a source file, so that functions are found in it; null when it cannot be read. */
  readText?(path: string): string | null
  /** The text of a module that `uses` names by a relative path, as for files. */
  readModule?(specifier: string): string | null
  /** The text of a schema file that a type is imported from, as for files. */
  readSchema?(specifier: string): string | null
  /** How `uses` names a function that is exported; null for one that is not. */
  referenceTo?(fn: AnyFunction): string | null
}

/** A dataflow that was compiled. */
export interface BuiltDataflow {
  /** null iff a diagnostic is an error. */
  readonly plan: Plan | null
  /** The functions themselves, by the steps of the plan, for running in this process. */
  readonly functions: ReadonlyMap<StepPlan, AnyFunction>
  readonly diagnostics: readonly Diagnostic[]
}

/** Compiles what the builder made. Never throws for what users wrote. */
export function compileBuilt(node: DataflowNode, options: CompileBuiltOptions): BuiltDataflow {
  const sources = new Sources(options)
  const placeOf: DocumentOptions['placeOf'] = (original, at) => sources.find(original, at)
  const referenceTo: DocumentOptions['referenceTo'] = fn => options.referenceTo?.(fn) ?? null
  const written = writeYaml(documentOf(node, { isTidy: false, referenceTo, placeOf }))
  const result = compile(written.text, {
    file: options.file,
    ...(options.readModule ? { readModule: options.readModule.bind(options) } : {}),
    ...(options.readSchema ? { readSchema: options.readSchema.bind(options) } : {})
  })
  const places = new Places(written, options)
  const functions = new Map<StepPlan, AnyFunction>()
  const plan = result.plan === null ? null : new Relocation(places, functions).of(result.plan)
  const found = result.diagnostics.map(each => places.diagnostic(each))
  return { plan, functions, diagnostics: [...found, ...capturesOf(written, options)] }
}

/** The dataflow as YAML for people, with what cannot be written in it. */
export function yamlOf(
  node: DataflowNode,
  options: CompileBuiltOptions
): { readonly text: string; readonly diagnostics: readonly Diagnostic[] } {
  const referenceTo: DocumentOptions['referenceTo'] = fn => options.referenceTo?.(fn) ?? null
  const written = writeYaml(documentOf(node, { isTidy: true, referenceTo, placeOf: placeOfCall }))
  const errors = capturesOf(written, options).map(each => ({ ...each, severity: 'error' as const }))
  return { text: written.text, diagnostics: errors }
}

/** One finding for each function that works in this process only. */
function capturesOf({ marks }: YamlText, options: CompileBuiltOptions): Diagnostic[] {
  return marks.flatMap(({ at, code }): Diagnostic[] => {
    if (code === null) return []
    const { name, text } = code.owner as StepText
    if (text?.captures.length === 0) return []
    const reason =
      text === null
        ? 'has no text of its own (it is native, bound or a class)'
        : `uses ${text.captures.slice(0, 5).join(', ')} from around it`
    return [
      {
        severity: 'warning',
        code: 'FUNCTION_CAPTURES',
        message:
          `the function ${JSON.stringify(name)} ${reason}, so it runs in this process only: ` +
          'not with workers, and not as YAML',
        hint: 'Export it from its file, give it what it needs by "with", or declare that inside of it.',
        file: options.nameOf?.(at.path) ?? at.path,
        line: at.line,
        column: at.column,
        length: 1
      }
    ]
  })
}

/** Finds functions in the files that they were written in. */
class Sources {
  readonly #options: CompileBuiltOptions
  readonly #texts = new Map<string, Report | null>()

  constructor(options: CompileBuiltOptions) {
    this.#options = options
  }

  /** Where `original` stands: behind the call at `at` if there, else anywhere; `at` where the file is not known. */
  find(original: string, at: SourcePlace | null): SourcePlace | null {
    const file = at === null ? null : this.#text(at.path)
    if (at === null || file === null) return at
    const call = file.lines.startOf(at.line) + at.column - 1
    const behind = file.text.indexOf(original, call)
    const index = behind >= 0 ? behind : file.text.lastIndexOf(original, call)
    return index < 0 ? at : { path: at.path, ...file.lines.placeOf(index) }
  }

  #text(path: string): Report | null {
    let found = this.#texts.get(path)
    if (found === undefined) {
      const text = this.#options.readText?.(path) ?? null
      found = text === null ? null : new Report(path, withoutTypes(path, text))
      this.#texts.set(path, found)
    }
    return found
  }
}

function withoutTypes(path: string, text: string): string {
  try {
    return /\.[mc]?ts$/.test(path) ? stripTypeScriptTypes(text, { mode: 'strip' }) : text
  } catch {
    return text
  }
}

/** From places in the written YAML to those of the user. */
class Places {
  readonly #marks: readonly Mark[]
  readonly #options: CompileBuiltOptions

  constructor({ marks }: YamlText, options: CompileBuiltOptions) {
    this.#marks = marks
    this.#options = options
  }

  diagnostic(found: Diagnostic): Diagnostic {
    const { file, line, column } = this.position(found)
    const placed = { ...found, file, line, column }
    return found.code === 'DUPLICATE_KEY' ? { ...placed, ...this.#twice(found) } : placed
  }

  /** Its words name a line of the YAML, and a key where the user has two things of one name. */
  #twice({ message }: Diagnostic): Pick<Diagnostic, 'message' | 'hint'> {
    const [, name, above] = /^the key (.*) is already on line (\d+)$/.exec(message) ?? []
    const { file, line } = this.position({ line: Number(above ?? 1), column: 1 })
    return {
      message: `something else is called ${name} at ${file}:${line}`,
      hint: 'A topic or type that two places share is one constant; else give one of them another name.'
    }
  }

  position({ line, column }: Pick<Position, 'line' | 'column'>): Position {
    const mark = this.#at(line)
    if (mark === null) return { file: this.#options.file, line: 1, column: 1 }
    const { at, code } = mark
    const file = this.#options.nameOf?.(at.path) ?? at.path
    const below = line - mark.line
    if (code === null || below >= code.lines) return { file, line: at.line, column: at.column }
    const inside = Math.max(0, column - 1 - code.indent)
    if (below > 0) return { file, line: at.line + below, column: inside + 1 }
    const { text } = code.owner as StepText
    const isVerbatim = text?.declaration === text?.original
    return { file, line: at.line, column: at.column + (isVerbatim ? inside : 0) }
  }

  /** Whose function begins on a line; null where none does. */
  owner(line: number): StepText | null {
    const mark = this.#marks.find(one => one.code !== null && one.line === line)
    return (mark?.code?.owner as StepText | undefined) ?? null
  }

  #at(line: number): Mark | null {
    return this.#marks.findLast(mark => mark.line <= line) ?? null
  }
}

/** A plan with other places, frozen as it was; parts that were shared stay shared. */
class Relocation {
  readonly #places: Places
  readonly #functions: Map<StepPlan, AnyFunction>
  readonly #done = new Map<object, unknown>()

  constructor(places: Places, functions: Map<StepPlan, AnyFunction>) {
    this.#places = places
    this.#functions = functions
  }

  of<T>(value: T): T {
    if (typeof value !== 'object' || value === null) return value
    const known = this.#done.get(value)
    if (known !== undefined) return known as T
    const made = Object.freeze(this.#made(value))
    this.#done.set(value, made)
    return made as T
  }

  #made(value: object): unknown {
    if (Array.isArray(value)) return value.map(item => this.of(item as unknown))
    if (isPosition(value)) return this.#places.position(value)
    const isInline = 'kind' in value && value.kind === 'inline'
    if (isInline) return this.#code(value as Extract<CodePlan, { kind: 'inline' }>)
    const entries = Object.entries(value).map(([key, part]) => [key, this.of(part as unknown)])
    const made: unknown = Object.fromEntries(entries)
    const step = value as Partial<StepPlan>
    if (step.operator !== undefined && step.code?.kind === 'inline') {
      const owner = this.#places.owner(step.code.at.line)
      if (owner !== null) this.#functions.set(made as StepPlan, owner.step.fn)
    }
    return made
  }

  #code(code: Extract<CodePlan, { kind: 'inline' }>): CodePlan {
    const owner = this.#places.owner(code.at.line)
    const at = Object.freeze(this.#places.position(code.at))
    const { source, javascript, functionName } = code
    if (owner?.text?.captures.length === 0)
      return { kind: 'inline', source, javascript, at, indent: 0, functionName }
    return { kind: 'closure', captures: owner?.text?.captures ?? [], functionName, at }
  }
}

function isPosition(value: object): value is Position {
  return 'file' in value && 'line' in value && 'column' in value
}

const placeOfCall: DocumentOptions['placeOf'] = (_original, at) => at
