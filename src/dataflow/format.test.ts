// How diagnostics look.
import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Diagnostic } from './diagnostics.ts'
import { formatDiagnostic, formatDiagnostics } from './format.ts'

const text = 'apiVersion: 1.0.0\nmeta: { nme: test }\n\tservices: {}\n'
const finding: Diagnostic = {
  severity: 'error',
  code: 'UNKNOWN_KEY',
  message: '"nme" is not a key of meta',
  hint: 'Did you mean "name"?',
  file: 'dataflow.yaml',
  line: 2,
  column: 9,
  length: 3
}

test('a diagnostic shows its place, the lines around it and the way out', () => {
  strictEqual(
    formatDiagnostic(finding, text, { color: false }),
    `dataflow.yaml:2:9: error UNKNOWN_KEY: "nme" is not a key of meta
  1 | apiVersion: 1.0.0
  2 | meta: { nme: test }
    |         ^^^
  3 | \tservices: {}
  hint: Did you mean "name"?`
  )
})

const shown = (line: number, column: number, length: number): string =>
  formatDiagnostic({ ...finding, hint: null, line, column, length }, text, { color: false })
    .split('\n')
    .slice(1)
    .join('\n')

test('carets stand below tabs, on the first line and on the empty last one', () => {
  strictEqual(shown(3, 2, 8), '  2 | meta: { nme: test }\n  3 | \tservices: {}\n    | \t^^^^^^^^')
  strictEqual(shown(1, 1, 1), '  1 | apiVersion: 1.0.0\n    | ^\n  2 | meta: { nme: test }')
  strictEqual(shown(4, 1, 1), '  3 | \tservices: {}\n  4 |\n    | ^')
})

test('colours are for terminals, and controls of the text never reach one', () => {
  const coloured = formatDiagnostic(finding, text, { color: true })
  strictEqual(coloured.includes('\u001b[31;1merror UNKNOWN_KEY:\u001b[0m'), true)
  const hostile = formatDiagnostic(finding, '\u001b[2J\nmeta: \u0007{\u009b}', { color: false })
  strictEqual(/[^\P{Cc}\n]/u.test(hostile), false)
})

const summary = (...severities: Diagnostic['severity'][]): string => {
  const all = severities.map(severity => ({ ...finding, severity }))
  return formatDiagnostics(all, text, { color: false }).split('\n\n').at(-1)!
}

test('several end in a summary', () => {
  strictEqual(summary('error'), '1 error')
  strictEqual(summary('error', 'error', 'warning'), '2 errors, 1 warning')
  strictEqual(summary('warning', 'warning'), '2 warnings')
})
