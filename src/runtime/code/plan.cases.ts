// Small plans and steps for the tests of code.
import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type {
  OperatorKind,
  Plan,
  Position,
  ServicePlan,
  StepPlan,
  TopicPlan
} from '../../dataflow/plan.ts'
import type { Type } from '../../dataflow/types.ts'

/** A step whose function stands in `file` from `at` on, as YAML indents it. */
export function inlineStep(
  functionName: string,
  source: string,
  options: {
    readonly at?: Position
    readonly indent?: number
    readonly javascript?: string
  } & Partial<StepPlan> = {}
): StepPlan {
  const {
    at = { file: 'flows/dataflow.yaml', line: 10, column: 13 },
    indent = 12,
    javascript = stripTypeScriptTypes(source),
    ...rest
  } = options
  const code = { kind: 'inline', source, javascript, at, indent, functionName } as const
  return stepOf(code, functionName, rest)
}

/** A step that uses an exported function. */
export function moduleStep(
  specifier: string,
  exportName: string,
  options: { readonly at?: Position } & Partial<StepPlan> = {}
): StepPlan {
  const { at = { file: 'flows/dataflow.yaml', line: 7, column: 15 }, ...rest } = options
  return stepOf({ kind: 'module', specifier, exportName, at }, exportName, rest)
}

function stepOf(code: StepPlan['code'], name: string, rest: Partial<StepPlan>): StepPlan {
  const operator: OperatorKind = 'map'
  const types = { input: null, output: null, outputKey: null }
  return { operator, name, code, with: {}, ...types, at: code.at, ...rest }
}

/** A topic of JSON values. */
export function topicOf(id: string, type: Type, key: Type | null = null): TopicPlan {
  return {
    id,
    name: id,
    partitions: null,
    key,
    value: { type, converter: 'json' },
    start: { position: 'beginning', value: 0 },
    compression: 'none',
    retentionMs: null,
    retentionBytes: null,
    cleanup: null,
    at: { file: 'flows/dataflow.yaml', line: 2, column: 3 }
  }
}

/** A service from topic `in` to topic `out`. */
export function serviceOf(name: string, parts: Partial<ServicePlan>): ServicePlan {
  const at = { file: 'flows/dataflow.yaml', line: 5, column: 3 }
  return {
    name,
    sources: [{ topic: 'in', steps: [], at: { ...at, line: 6 } }],
    states: [],
    steps: [],
    partition: null,
    time: null,
    window: null,
    emitsFromUpdateState: true,
    sinks: [{ topic: 'out', steps: [], at: { ...at, line: 90, column: 15 } }],
    errors: { policy: 'dead-letter', retries: 0, backoffMs: 100, backoffMaxMs: 1000 },
    output: null,
    at,
    ...parts
  }
}

export function planOf(
  topics: readonly TopicPlan[],
  types: Readonly<Record<string, Type>>,
  services: readonly ServicePlan[]
): Plan {
  return {
    apiVersion: '1.0.0',
    name: 'test',
    namespace: 'examples',
    version: '0.1.0',
    file: 'flows/dataflow.yaml',
    topics: Object.fromEntries(topics.map(topic => [topic.id, topic])),
    types,
    services
  }
}

/** A fresh folder with these files. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-code-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
