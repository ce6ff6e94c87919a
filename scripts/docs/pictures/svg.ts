// A small writer of SVG: shapes with classes, whose colours suit a light and a dark page.

/** Text of a picture; numbers are rounded to tenths, so that a picture is the same on every machine. */
export class Svg {
  readonly #width: number
  readonly #height: number
  readonly #title: string
  readonly #parts: string[] = []

  constructor(width: number, height: number, title: string) {
    this.#width = width
    this.#height = height
    this.#title = title
  }

  line(from: Point, to: Point, style: string): void {
    const [[x1, y1], [x2, y2]] = [from, to]
    this.#add(`<line class="${style}" ${attributes({ x1, y1, x2, y2 })}/>`)
  }

  path(points: readonly Point[], style: string): void {
    const text = points.map(([x, y]) => `${tenth(x)},${tenth(y)}`).join(' ')
    this.#add(`<polyline class="${style}" points="${text}"/>`)
  }

  rect(box: Box, style: string): void {
    this.#add(`<rect class="${style}" ${attributes({ ...box, rx: 4 })}/>`)
  }

  dot([cx, cy]: Point, style: string): void {
    this.#add(`<circle class="${style}" ${attributes({ cx, cy, r: 5 })}/>`)
  }

  cross([x, y]: Point, style: string): void {
    const [left, right, top, bottom] = [x - 4, x + 4, y - 4, y + 4].map(tenth)
    this.#add(
      `<path class="${style}" d="M${left} ${top}L${right} ${bottom}M${left} ${bottom}L${right} ${top}"/>`
    )
  }

  /** `style` holds `start`, `middle` or `end` for where the text stands of its point. */
  text([x, y]: Point, style: string, text: string): void {
    this.#add(`<text class="${style}" ${attributes({ x, y })}>${escaped(text)}</text>`)
  }

  toString(): string {
    const size = `width="${this.#width}" height="${this.#height}"`
    const box = `viewBox="0 0 ${this.#width} ${this.#height}"`
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box} role="img" aria-label="${escaped(this.#title)}">`,
      `<title>${escaped(this.#title)}</title>`,
      STYLE,
      ...this.#parts,
      '</svg>\n'
    ].join('\n')
  }

  #add(part: string): void {
    this.#parts.push(part)
  }
}

/** x to the right, y downwards. */
export type Point = readonly [x: number, y: number]

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #57606a; }
.small { font-size: 11px; } .strong { font-weight: 600; fill: #24292f; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
line, polyline, path { fill: none; stroke-width: 1.5; }
.axis { stroke: #8c959f; } .grid { stroke: #d0d7de; stroke-dasharray: 2 4; stroke-width: 1; }
.mark { stroke: #bc4c00; stroke-width: 2; } text.mark { stroke: none; fill: #bc4c00; }
.one { fill: #0969da; } .two { fill: #8250df; }
.late { stroke: #cf222e; stroke-width: 2.5; } text.late { stroke: none; fill: #cf222e; }
line.one { stroke: #0969da; } line.two { stroke: #8250df; }
rect { stroke-width: 1.2; } rect.one { fill: #0969da22; stroke: #0969da; }
rect.two { fill: #8250df22; stroke: #8250df; }
rect.quiet { fill: #8c959f22; stroke: none; }
@media (prefers-color-scheme: dark) {
text { fill: #9ea7b3; } .strong { fill: #e6edf3; } .axis { stroke: #6e7781; } .grid { stroke: #373e47; }
.mark { stroke: #f0883e; } text.mark { fill: #f0883e; } .one { fill: #58a6ff; } .two { fill: #bc8cff; }
.late { stroke: #ff7b72; } text.late { fill: #ff7b72; } line.one { stroke: #58a6ff; } line.two { stroke: #bc8cff; }
rect.one { fill: #58a6ff26; stroke: #58a6ff; } rect.two { fill: #bc8cff26; stroke: #bc8cff; }
}
</style>`

function attributes(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${tenth(value)}"`)
    .join(' ')
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
