// Writes the reference of the dataflow file from the declarations that also drive the checks.
import { OPERATORS, type OperatorSpec } from './operators.ts'
import type { KeySpec, SectionSpec, ValueShape } from './declare.ts'
import { SECTIONS } from './sections.ts'

const INTRODUCTION = `# The dataflow file

This page is generated from the declarations in \`src/dataflow/sections\`, which also check every file: write it anew
with \`node scripts/generate-docs.ts\`. Keys that are not listed are errors, with the nearest valid word.

Editors complete and check the file with its JSON Schema, \`docs/reference/dataflow-file.schema.json\` of the installed
package. The YAML extension of VS Code and others that use yaml-language-server read its place from the first line:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/millrace/docs/reference/dataflow-file.schema.json
\`\`\`

Package files have \`package-file.schema.json\` there, test files \`test-file.schema.json\`.

A whole file:

\`\`\`yaml
apiVersion: 1.0.0
meta: { name: word-count, namespace: examples, version: 0.1.0 }
topics:
  sentences: { schema: { value: { type: string } } }
  counts: { schema: { key: { type: string }, value: { type: word-count } } }
types:
  word-count: { type: object, properties: { word: string, count: u32 } }
services:
  count:
    sources: [{ type: topic, id: sentences }]
    states:
      count-per-word: { type: keyed-state, properties: { key: string, value: u32 } }
    transforms:
      - operator: flat-map
        run: |
          function splitWords(sentence: string): string[] {
            return sentence.toLowerCase().match(/\\w+/g) ?? []
          }
    partition:
      assign-key:
        run: |
          function byWord(word: string): string { return word }
      update-state:
        run: |
          function countUp(word: string, ctx: Context): KeyValue<string, WordCount> {
            const count = ctx.state.countPerWord.update(n => n + 1)
            return keyed(word, { word, count })
          }
    sinks: [{ type: topic, id: counts }]
\`\`\`
`

const FUNCTIONS = `## Functions

A function takes \`(value)\` or \`(value, ctx: Context)\` and may be async. Its declared types are compared
with what arrives and what leaves: \`string\`, \`boolean\`, \`number\`, \`bigint\`, the scalar names of the
file (\`u32\`), its types in PascalCase, \`T[]\`, \`Array<T>\`, \`Record<string, T>\`, \`Map<K, T>\`,
\`Uint8Array\`, \`T | null | undefined\`, \`Promise<T>\` and \`KeyValue<K, V>\`. Integers may widen (\`u8\`
to \`u32\`), \`number\` fits every number; what a value must be is checked once more when it is written.
Other annotations are left to \`millrace check\`. What it prints with \`console\` goes to stderr, like
\`ctx.log\`; what it starts it must await.

\`uses: ./lib.ts#countUp\` takes an exported function of a file beside the dataflow file (.ts, .mts, .js,
.mjs), \`uses: package#countUp\` one of a package. The same function may stand in several places; its
operators are then called \`count-up\`, \`count-up-2\` and so on. An inline function's name must be unique
in its service.
`

/** The Markdown of docs/reference/dataflow-file.md. */
export function renderReference(): string {
  const groups = SECTIONS.map(({ title, doc, sections }) => {
    const parts = sections.map(section => renderSection(section))
    return [
      `## ${title}\n\n${doc}\n`,
      ...parts,
      ...(title === 'Services' ? [renderOperators(), FUNCTIONS] : [])
    ].join('\n')
  })
  return [INTRODUCTION, ...groups].join('\n')
}

/** One section with its example and a table of its keys. */
export function renderSection(section: SectionSpec): string {
  const example = section.example === undefined ? '' : `\n\`\`\`yaml\n${section.example}\n\`\`\`\n`
  const rows = section.keys.map(
    key => `| ${[nameOf(key), valueOf(key), defaultOf(key), docOf(key)].join(' | ')} |`
  )
  const table = ['| key | value | default | |', '| --- | --- | --- | --- |', ...rows].join('\n')
  return `### ${section.name}\n\n${section.doc.replaceAll('\n', ' ')}\n${example}\n${table}\n`
}

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``

function nameOf(key: KeySpec): string {
  const aliases = (key.aliases ?? []).map(alias => code(alias)).join(', ')
  return `${code(key.key)}${aliases === '' ? '' : ` (also ${aliases})`}`
}

function valueOf(key: KeySpec): string {
  return key.value.kind === 'unavailable' ? '–' : shapeText(key.value)
}

function shapeText(shape: ValueShape): string {
  switch (shape.kind) {
    case 'text':
    case 'word':
      return 'text'
    case 'code':
      return 'TypeScript'
    case 'integer':
      return shape.max >= 2 ** 31 - 1
        ? `whole number from ${shape.min}`
        : `${shape.min} to ${shape.max}`
    case 'boolean':
      return 'true or false'
    case 'duration':
      return 'duration: `20s`, `1m 30s`'
    case 'size':
      return 'size: `64MiB`'
    case 'choice':
      return shape.of.map(word => code(word)).join(', ')
    case 'section':
      return shape.section
    case 'map':
      return `mapping of names to ${shape.of}`
    case 'list':
      return `list of ${shape.of}`
    case 'list-or-map':
      return `mapping of names to ${shape.of}`
    case 'type':
      return 'type'
    case 'any':
      return 'any value'
    case 'unavailable':
      return ''
  }
}

function defaultOf(key: KeySpec): string {
  if (key.value.kind === 'unavailable') return ''
  return key.required === true ? 'required' : (key.default ?? '')
}

function docOf(key: KeySpec): string {
  const versions = [
    key.since === undefined ? '' : `Since ${key.since}.`,
    key.until === undefined ? '' : `Up to ${key.until}.`
  ]
  const state = key.value.kind === 'unavailable' ? 'Not part of this version of millrace.' : ''
  const effect = key.withoutEffect === true ? 'Read, but changes nothing:' : ''
  return [state, effect, key.doc, ...versions]
    .filter(part => part !== '')
    .join(' ')
    .replaceAll('|', '\\|')
}

function renderOperators(): string {
  const operators = Object.values(OPERATORS)
  const table = [
    '| operator | place | its function returns | |',
    '| --- | --- | --- | --- |',
    ...operators.map(operatorRow)
  ]
  const examples = operators.map(operator => operator.example).join('\n')
  return `### operators\n\n${table.join('\n')}\n\n\`\`\`ts\n${examples}\n\`\`\`\n`
}

function operatorRow({ kind, where, returnsText, doc }: OperatorSpec): string {
  return `| ${code(kind)} | ${where} | ${returnsText} | ${doc} |`
}
