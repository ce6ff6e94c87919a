// A whole dataflow: its name, its services in their order, and what holds for all of them.
import { MillraceError } from '../base/index.ts'
import { formatDiagnostic } from '../dataflow/index.ts'
import { chainOf, type StreamNode } from './chain.ts'
import { yamlOf } from './compile.ts'
import type { DataflowMigrateOptions, ServiceMigrateOptions } from './migrate.ts'
import { placeOfCaller, type SourcePlace } from './place.ts'
import type { StreamHandle } from './stream.ts'
import type { TopicFor, TopicNode } from './topic.ts'
import type { TypeNode, TypeValue } from './types.ts'

/** What happens to records that fail; durations as in the file. */
export interface ErrorOptions {
  readonly policy?: 'dead-letter' | 'skip' | 'fail'
  readonly retries?: number
  readonly backoff?: string
  readonly backoffMax?: string
}

export interface DataflowOptions {
  readonly namespace?: string
  readonly version?: string
  readonly errors?: ErrorOptions
  /** What becomes of what a data directory holds and no service has any more. */
  readonly migrate?: DataflowMigrateOptions
}

export interface ServiceOptions {
  readonly errors?: ErrorOptions
  /** What becomes of what a data directory holds of the service. */
  readonly migrate?: ServiceMigrateOptions
}

export interface ServiceNode {
  readonly name: string
  readonly stream: StreamNode
  readonly errors: ErrorOptions | null
  readonly migrate: ServiceMigrateOptions | null
  readonly at: SourcePlace | null
}

/** A dataflow as data with functions. */
export interface DataflowNode {
  readonly name: string
  readonly options: DataflowOptions
  /** Topics and types beside those that services name. */
  readonly topics: readonly TopicNode[]
  readonly types: readonly TypeNode[]
  readonly services: readonly ServiceNode[]
  readonly at: SourcePlace | null
}

const DEFINITION: symbol = Symbol.for('millrace.dataflow')

/** A dataflow as the builder makes it. Never changed: each call gives a new one. */
export class Dataflow {
  readonly node: DataflowNode

  constructor(node: DataflowNode) {
    this.node = node
    Object.defineProperty(this, DEFINITION, { value: node })
  }

  /** Adds a service. Services see a record of a shared topic in the order in which they are added. */
  service(
    name: string,
    stream: { readonly stream: StreamHandle },
    { errors, migrate }: ServiceOptions = {}
  ): Dataflow {
    const at = placeOfCaller(this.service)
    const { node } = chainOf(stream)
    const said = { errors: errors ?? null, migrate: migrate ?? null }
    const service = { name, stream: node, ...said, at }
    return new Dataflow({ ...this.node, services: [...this.node.services, service] })
  }

  /**
   * The dataflow as the text of a file, with its functions.
   * @throws FUNCTION_CAPTURES functions that need names from around them cannot be written
   */
  toYaml(): string {
    const { text, diagnostics } = yamlOf(this.node, { file: this.node.name })
    if (diagnostics.length === 0) return text
    const shown = diagnostics.map(each => formatDiagnostic(each, '', { color: false }))
    throw new MillraceError('FUNCTION_CAPTURES', `the dataflow is no text: ${shown.join('; ')}`)
  }

  /** Declares a topic that no service names, such as one that something else writes. */
  topic(declared: TopicFor<never>): Dataflow {
    return new Dataflow({ ...this.node, topics: [...this.node.topics, declared.node] })
  }

  /** Declares a named type that no topic and no state names, for those who read the file. */
  type(declared: TypeValue<unknown>): Dataflow {
    return new Dataflow({ ...this.node, types: [...this.node.types, declared.node] })
  }
}

/** Begins a dataflow: `dataflow('word-count').service('count', from(sentences)…)`. */
export function dataflow(name: string, options: DataflowOptions = {}): Dataflow {
  return new Dataflow({
    name,
    options,
    topics: [],
    types: [],
    services: [],
    at: placeOfCaller(dataflow)
  })
}

/** The data of a dataflow of this or another copy of the package; null for anything else. */
export function definitionOf(value: unknown): DataflowNode | null {
  if (typeof value !== 'object' || value === null) return null
  return ((value as Record<symbol, unknown>)[DEFINITION] as DataflowNode | undefined) ?? null
}
