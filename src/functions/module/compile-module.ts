// The compiler of module files: text in, plan and diagnostics out; pure, and total over all texts.
import {
  kindOf,
  readSection,
  readTrees,
  Report,
  startOf,
  type Diagnostic,
  type ListNode,
  type ReadContext,
  type TreeNode
} from '../../dataflow/index.ts'
import { Components } from './components.ts'
import { readFunctionList, readModule2 } from './layout-2.ts'
import { readModule3 } from './layout-3-0.ts'
import type { ModulePlan } from './plan.ts'
import { readComponent } from './read-component.ts'
import { MODULE, MODULE_META, VERSIONED_FILE } from './sections.ts'

/** What the compiler is told beside the text. */
export interface CompileModuleOptions {
  /** The file's name in diagnostics and in the plan. */
  readonly file: string
}

export interface CompileModuleResult {
  /** null iff a diagnostic is an error. */
  readonly plan: ModulePlan | null
  /** The components that could be read, also of a file with errors: for further findings in the same run. */
  readonly readable: ModulePlan
  /** Whether no endpoint that the file means is missing there. */
  readonly hasAllEndpoints: boolean
  /** Everything found, errors and warnings, in the order of the text. */
  readonly diagnostics: readonly Diagnostic[]
}

const VERSIONS: readonly string[] = ['1.0', '2.0', '3.0']

/** Compiles the text of a module file of any layout. Never throws on any text. */
export function compileModule(text: string, options: CompileModuleOptions): CompileModuleResult {
  const report = new Report(options.file, text)
  const components = new Components({ report, apiVersion: '1.0.0' })
  const trees = readTrees(report)
  const isText = !report.hasErrors
  if (trees.length === 0 && !report.hasErrors) {
    const hint = 'Begin with "kind: io.statefun.endpoints.v2/http".'
    report.error('EMPTY', { start: 0, end: 1 }, 'the file is empty', hint)
  }
  readDocuments(components, trees)
  const readable = components.plan()
  const plan = report.hasErrors ? null : readable
  // In the older layouts a wrong key may hide a whole list.
  const isListed = trees.some(tree => hasKey(tree, 'kind'))
  const hasAllEndpoints = plan !== null || (isText && isListed && components.hasAllEndpoints)
  return { plan, readable, hasAllEndpoints, diagnostics: report.diagnostics() }
}

function readDocuments(components: Components, trees: readonly TreeNode[]): void {
  const [first] = trees
  if (trees.length === 1 && first?.kind === 'list' && isFunctionList(first)) {
    readFunctionList(components, first)
  } else if (trees.length === 1 && first !== undefined && hasKey(first, 'version')) {
    readVersionedFile(components, first)
  } else {
    for (const tree of trees) readDocument(components, tree)
  }
}

const hasKey = (tree: TreeNode, key: string): boolean =>
  tree.kind === 'map' && tree.entries.some(entry => entry.key === key)

const isFunctionList = (tree: ListNode): boolean =>
  tree.items.some(item => hasKey(item, 'function'))

function readDocument(components: Components, tree: TreeNode): void {
  const { report } = components.context
  if (tree.kind !== 'map') {
    components.hasAllEndpoints = false
    const message = `a document of a module file is a mapping, but this is ${kindOf(tree)}`
    report.error('WRONG_KIND', startOf(tree), message, 'Begin with "kind:".')
  } else if (hasKey(tree, 'version') && !hasKey(tree, 'kind')) {
    const message =
      'a file of the layout with "version" holds one document, but this one holds more'
    report.error('YAML_DOCUMENTS', startOf(tree), message, 'Put it into a file of its own.')
  } else readComponent(components, tree)
}

function readVersionedFile(components: Components, tree: TreeNode): void {
  const { context } = components
  const file = readSection(context, tree, VERSIONED_FILE)
  const version = file?.scalar('version') ?? null
  const node = file?.value('module') ?? null
  if (file === null || version === null) return
  if (!VERSIONS.includes(version.text)) {
    const message = `the version must be one of ${VERSIONS.join(', ')}, but is ${kindOf(version)}`
    const hint = 'Newer files have no version: their documents begin with "kind:".'
    context.report.error('MODULE_VERSION', version, message, hint)
    return
  }
  const module = node === null ? null : readSection(context, node, MODULE, file.keySpan('module'))
  if (module === null) return
  const meta = module.value('meta')
  if (meta !== null) readMeta(context, meta)
  if (version.text === '3.0') readModule3(components, module)
  else readModule2(components, module)
}

function readMeta(context: ReadContext, meta: TreeNode): void {
  readSection(context, meta, MODULE_META)
}
