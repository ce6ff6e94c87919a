// `millrace init`: a starter that runs with the command that it prints.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import { note, print } from '../output/output.ts'

export interface InitOptions {
  readonly name?: string
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/** Creates the starter in `dir`. @throws USAGE the folder is not empty, or the name is no kebab-case word */
export async function init(dir: string, options: InitOptions): Promise<number> {
  const folder = resolve(dir)
  const name = options.name ?? kebabCase(basename(folder))
  if (!NAME.test(name)) {
    throw new MillraceError(
      'USAGE',
      `"${name}" is no name for a dataflow; it takes lower-case letters, digits and single hyphens, ` +
        'beginning with a letter: choose one with --name'
    )
  }
  refuseUsedFolder(folder)
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of Object.entries(starterFiles(name))) {
    writeFileSync(join(folder, file), text, { flag: 'wx' })
    note(`created ${relative(process.cwd(), join(folder, file))}`)
  }
  const place = relative(process.cwd(), folder)
  note('\nRun it:')
  print(`${place === '' ? '' : `cd ${quoted(place)} && `}${RUN_COMMAND}`)
  return 0
}

const RUN_COMMAND = 'npx millrace run . --ephemeral --drain --in visits=visits.jsonl --out totals=-'

/** The text of each file of a starter whose dataflow is called `name`. */
export function starterFiles(name: string): Readonly<Record<string, string>> {
  return {
    'dataflow.yaml': dataflowText(name),
    'visits.jsonl': VISITS,
    'README.md': readmeText(name)
  }
}

function dataflowText(name: string): string {
  return `# Visits of pages: long ones are counted per page, exactly once.
apiVersion: 1.0.0
meta: { name: ${name}, namespace: my, version: 0.1.0 }

topics:
  visits:
    schema: { value: { type: visit, converter: json } }
  totals:
    schema:
      key: { type: string }
      value: { type: total, converter: json }

types:
  visit:
    type: object
    properties:
      page: { type: string }
      seconds: { type: u32 }
  total:
    type: object
    properties:
      page: { type: string }
      visits: { type: u32 }
      seconds: { type: u32 }

services:
  sum-up:
    sources: [{ type: topic, id: visits }]
    states:
      per-page:
        type: keyed-state
        properties:
          key: { type: string }
          value:
            type: arrow-row
            properties:
              visits: { type: u32 }
              seconds: { type: u32 }
    transforms:
      - operator: filter
        run: |
          function isLong(visit: Visit): boolean {
            return visit.seconds >= 3
          }
    partition:
      assign-key:
        run: |
          function byPage(visit: Visit): string {
            return visit.page
          }
      update-state:
        run: |
          function addVisit(visit: Visit, ctx: Context): KeyValue<string, Total> {
            const row = ctx.state.perPage.update(row => {
              row.visits += 1
              row.seconds += visit.seconds
            })
            return keyed(visit.page, { page: visit.page, visits: row.visits, seconds: row.seconds })
          }
    sinks: [{ type: topic, id: totals }]
`
}

const VISITS = `{"page":"/","seconds":12}
{"page":"/docs","seconds":40}
{"page":"/","seconds":1}
{"page":"/docs","seconds":95}
{"page":"/","seconds":7}
{"page":"/about","seconds":3}
`

function readmeText(name: string): string {
  return `# ${name}

Visits of pages come in over the topic \`visits\`; those of three seconds and more are added up per page; each new total
goes to the topic \`totals\`, with the page as its key.

\`\`\`sh
npx millrace check .
${RUN_COMMAND}
\`\`\`

Without \`--ephemeral\` the topics and states are kept in \`.millrace\`; without \`--drain\` it keeps running and
gives a shell: \`help\` lists what it can do.
`
}

function refuseUsedFolder(folder: string): void {
  let entries: string[]
  try {
    entries = readdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    const reason = code === 'ENOTDIR' ? 'it is a file' : (error as Error).message
    throw new MillraceError(
      'USAGE',
      `cannot create a starter in ${folder}: ${reason}; name another folder`
    )
  }
  if (entries.length === 0) return
  throw new MillraceError(
    'USAGE',
    `${folder} is not empty (it has ${entries.slice(0, 3).join(', ')}${entries.length > 3 ? ', …' : ''}); ` +
      'a starter needs an empty or a new folder: name one, as in millrace init my-flow'
  )
}

function kebabCase(text: string): string {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  const name = words.join('-').replace(/^[0-9-]+/, '')
  return name === '' ? 'my-flow' : name
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
