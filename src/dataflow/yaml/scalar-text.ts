// Maps a place inside a scalar's text back to the file, through indentation, folding and escapes.
import type { Span } from '../report.ts'
import type { ScalarNode } from './tree.ts'

/** The text of a scalar together with where its characters stand. */
export interface PlacedText {
  readonly text: string
  /** Columns by which the file indents every line of the text after the first. Exact for literal blocks. */
  readonly indent: number
  /** Offset in the file of the character at `index`; exact for literal blocks, plain and quoted lines. */
  offsetOf(index: number): number
}

/** The part of the file that `start`…`start + length` of the text came from. */
export function placedSpan(placed: PlacedText, start: number, length: number): Span {
  const from = placed.offsetOf(start)
  return {
    start: from,
    end: Math.max(from + 1, placed.offsetOf(start + Math.max(0, length - 1)) + 1)
  }
}

/** Places the text of `node`, a scalar of the file with the text `file`. */
export function placeScalar(node: ScalarNode, file: string): PlacedText {
  if (node.style === 'literal') return placeLiteral(node, file)
  let map: Int32Array | null = null
  return {
    text: node.text,
    indent: 0,
    offsetOf(index) {
      map ??= alignedOffsets(node, file)
      return map[Math.min(Math.max(index, 0), map.length - 1)]!
    }
  }
}

/** Line i of a literal block is line i after its header, behind the same indentation. */
function placeLiteral(node: ScalarNode, file: string): PlacedText {
  const first = bodyStart(node, file)
  const lines = node.text.split('\n')
  const starts: number[] = []
  const indents: number[] = []
  let at = first
  let indent = 0
  for (const line of lines) {
    const end = lineEnd(file, at)
    const written = file.slice(at, end).replace(/\r$/, '')
    const own =
      line !== '' && written.endsWith(line)
        ? written.length - line.length
        : Math.min(indent, written.length)
    if (line.trim() !== '' && indent === 0) indent = own
    starts.push(at)
    indents.push(own)
    at = Math.min(end + 1, file.length)
  }
  return {
    text: node.text,
    indent,
    offsetOf(index) {
      let line = 0
      let before = 0
      while (line < lines.length - 1 && before + lines[line]!.length < index)
        before += lines[line++]!.length + 1
      return Math.min(starts[line]! + indents[line]! + Math.max(0, index - before), file.length)
    }
  }
}

function bodyStart(node: ScalarNode, file: string): number {
  return Math.min(lineEnd(file, node.start) + 1, file.length)
}

function lineEnd(file: string, from: number): number {
  const end = file.indexOf('\n', from)
  return end < 0 ? file.length : end
}

const ESCAPE_LENGTHS: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 }
const isSpace = (character: string | undefined): boolean =>
  character !== undefined && /\s/.test(character)

/** For each character of the text the offset it came from, found by walking both texts side by side. */
function alignedOffsets(node: ScalarNode, file: string): Int32Array {
  const { text, style } = node
  const map = new Int32Array(text.length + 1)
  const quotedStyle = style === 'double-quoted' || style === 'single-quoted'
  let at = style === 'folded' ? bodyStart(node, file) : node.start + (quotedStyle ? 1 : 0)
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (!isSpace(character)) while (at < node.end && isSpace(file[at])) at++
    map[index] = Math.min(at, node.end)
    if (style === 'double-quoted' && file[at] === '\\')
      at += ESCAPE_LENGTHS[file[at + 1] ?? ''] ?? 2
    else if (style === 'single-quoted' && file.startsWith("''", at)) at += 2
    else at++
  }
  map[text.length] = Math.min(at, node.end)
  return map
}
