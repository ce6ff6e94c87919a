// Mutates valid files: the compiler never throws, places stay inside the file, and a plan means no error.
import { ok, strictEqual } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compile } from './compile.ts'
import { formatDiagnostics } from './format.ts'

const folder = join(import.meta.dirname, 'cases')
const SEEDS = globSync('ok-*.yaml', { cwd: folder })
  .toSorted()
  .map(name => readFileSync(join(folder, name), 'utf8'))
/** Pieces that mean something to YAML, to the file format or to TypeScript. */
const PIECES = `: - { } [ ] , # & * ! | > ' " % @ ? \`
  null true 1.0.0 0.6.0 *a &a <<: !!str __proto__ --- ...
  type: list object enum keyed-state from: run: | uses: ./a.ts#first with: topic services: operator:
  function async ( ) => ; \${ /* */ // Promise< KeyValue< [] u32 string Context`.split(/\s+/)
PIECES.push(
  '\n',
  '\n  ',
  '\n      ',
  '\t',
  '\r\n',
  '\u2028',
  '\ufeff',
  '\u0000',
  '👩‍👩‍👧',
  '\ud800',
  'é'
)

const RUNS = Number(process.env['MILLRACE_CASES'] ?? 300)
const SEED = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 2 ** 31)

/** One change: at a place, so many characters make way for a piece. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  drop: fc.oneof(fc.nat(3), fc.nat(60)),
  piece: fc.oneof(fc.constantFrom(...PIECES), fc.constant(''), fc.string({ maxLength: 5 }))
})

const mutated = fc
  .record({
    seed: fc.constantFrom(...SEEDS),
    changes: fc.array(change, { minLength: 1, maxLength: 6 })
  })
  .map(({ seed, changes }) =>
    changes.reduce((text, { at, drop, piece }) => {
      const start = Math.floor(at * text.length)
      return text.slice(0, start) + piece + text.slice(start + drop)
    }, seed)
  )

test(`mutated files never throw and are placed inside the file (seed ${SEED})`, () => {
  fc.assert(
    fc.property(mutated, text => check(text)),
    { numRuns: RUNS, seed: SEED }
  )
})

test(`random texts never throw (seed ${SEED})`, () => {
  const text = fc.array(
    fc.oneof(fc.constantFrom(...PIECES, ' ', '\n'), fc.string({ maxLength: 8 })),
    { maxLength: 60 }
  )
  fc.assert(
    fc.property(text, pieces => check(pieces.join(''))),
    { numRuns: RUNS, seed: SEED }
  )
})

function check(text: string): void {
  const start = performance.now()
  const { plan, diagnostics } = compile(text, {
    file: 'fuzz.yaml',
    readModule: () => 'export const first = 1'
  })
  const took = performance.now() - start
  const lines = text.split('\n')
  for (const { line, column, length, message } of diagnostics) {
    const content = lines[line - 1]
    ok(content !== undefined, `line ${line} of ${lines.length}: ${message}`)
    ok(
      column >= 1 && column <= content.length + 1,
      `${line}:${column} is outside the line: ${message}`
    )
    ok(length >= 1)
    ok(
      !/undefined|NaN|\[object/.test(message.replaceAll('undefined or null', '')) ||
        /undefined|NaN|object/.test(text),
      message
    )
  }
  strictEqual(
    plan === null,
    diagnostics.some(diagnostic => diagnostic.severity === 'error')
  )
  formatDiagnostics(diagnostics, text, { color: true })
  structuredClone(plan)
  // Far above what it takes; the machine may be busy.
  ok(took < 5000, `took ${took} ms`)
}
