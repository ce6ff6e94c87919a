// SQL text as tokens with their places: enough to find names in it and to point at them, not to understand it.

/** A token; comments and spaces are none. */
export interface Token {
  /** A name, a name in quotes, a text in quotes, or anything else. */
  readonly kind: 'word' | 'quoted' | 'text' | 'other'
  /** Without its quotes. */
  readonly value: string
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

const PATTERN = new RegExp(
  [
    /(?<space>\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))/,
    /(?<word>[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*)/u,
    /"(?<double>(?:[^"]|"")*)"/,
    /`(?<back>(?:[^`]|``)*)`/,
    /\[(?<bracket>[^\]]*)\]/,
    /'(?<text>(?:[^']|'')*)'/,
    /(?<other>\d[\w.]*|[\s\S])/
  ]
    .map(part => part.source)
    .join('|'),
  'uy'
)

/** Takes the text apart. What is not closed comes as single characters, which SQLite then refuses. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  PATTERN.lastIndex = 0
  for (let found = PATTERN.exec(sql); found !== null; found = PATTERN.exec(sql)) {
    const { space, word, double, back, bracket, text, other } = found.groups!
    const start = found.index
    const end = PATTERN.lastIndex
    if (space !== undefined) continue
    const quoted = double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? bracket
    if (word !== undefined) tokens.push({ kind: 'word', value: word, start, end })
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', value: quoted, start, end })
    else if (text !== undefined) tokens.push({ kind: 'text', value: text, start, end })
    else tokens.push({ kind: 'other', value: other!, start, end })
  }
  return tokens
}
