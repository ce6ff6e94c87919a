// The reference of the command line, from the declarations of the commands themselves.
import type { Argument, Command, Option } from 'commander'
import { EXAMPLES, commandPath, createProgram, walk } from '../../src/cli/program/program.ts'
import { SHELL_COMMANDS } from '../../src/cli/shell/commands.ts'

/** Path of the reference in the repository. */
export const CLI_REFERENCE_PATH = 'docs/reference/cli.md'

/** The text of the reference. */
export function cliReference(): string {
  const program = createProgram('', () => {})
  const commands = walk(program).filter(
    command => command !== program && command.commands.length === 0
  )
  return [HEAD, ...commands.map(section), INPUT_AND_OUTPUT, shellSection(), ''].join('\n')
}

const HEAD = `# The command line

<!-- Generated from the declarations in src/cli by \`node scripts/generate-docs.ts\`. Do not edit. -->

Results go to stdout, everything for people to stderr. Colours appear on terminals only, and not with \`NO_COLOR\` set.

| exit code | meaning |
|---|---|
| 0 | done; stopped by Ctrl-C or \`exit\`; the reader of stdout went away |
| 1 | failed while running: a dataflow, a disk, a damaged log, a server that does not answer or does not allow it; \
a drain that was interrupted; a no to a question; what \`test\`, \`plan\`, \`log verify\` or \`schema check\` found |
| 2 | wrong input or usage: an invalid file, an unknown option or name, a data directory or address that is in use |
| 130 | Ctrl-C twice: it did not wait for its end |
`

function section(command: Command): string {
  const path = commandPath(command)
  const words = command.registeredArguments.map(argumentText).join(' ')
  const names = command
    .aliases()
    .map(alias => `\`${[...path.split(' ').slice(0, -1), alias].join(' ')}\``)
  const lines = [`## millrace ${path}`, '', command.description(), '']
  lines.push('```text', `millrace ${path}${words === '' ? '' : ` ${words}`} [options]`, '```', '')
  if (names.length > 0) lines.push(`Also: ${names.join(', ')}.`, '')
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)]
  if (rows.length > 0) lines.push('| | |', '|---|---|', ...rows, '')
  const examples = EXAMPLES[path] ?? []
  if (examples.length > 0)
    lines.push('```text', ...examples.map(example => `$ ${example}`), '```', '')
  return lines.join('\n')
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function argumentRow(argument: Argument): string {
  return `| \`${argument.name()}\` | ${cell(argument.description)} |`
}

function optionRow(option: Option): string {
  const notes: string[] = []
  if (option.argChoices !== undefined)
    notes.push(option.argChoices.map(choice => `\`${choice}\``).join(', '))
  const { defaultValue } = option as { defaultValue?: unknown }
  if (defaultValue !== undefined && typeof defaultValue !== 'boolean')
    notes.push(`default \`${String(defaultValue)}\``)
  const text =
    notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`
  return `| \`${option.flags}\` | ${cell(text)} |`
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')
}

const INPUT_AND_OUTPUT = `## Input

Files are fed whole, in the order given, while the dataflows already run. A line ends with LF or CR LF; a last
line without an end counts. How far a file was fed is committed together with its records: after a kill the same
command goes on behind the last line that is in the log, and no line is lost or doubled.

- Without \`--drain\` the position stays: the file is not fed twice, and lines appended later are fed by the
  next start. A file that was replaced by another one is noticed and fed from its beginning.
- A drain that ends well forgets the positions: the same command typed again is a new run and feeds the files
  again.
- Stdin and pipes have no position; they are fed whole.

| the topic's values are | a line of \`--in-format text\` is | \`"value"\` of \`--in-format json\` is |
|---|---|---|
| \`converter: json\` | the JSON text | any JSON |
| raw \`string\`, \`decimal\` | the text; an empty line is an empty text | a text; other JSON as its text |
| raw \`bytes\` | the bytes | base64 text |
| raw numbers, \`bool\`, \`timestamp\` | digits; \`true\` or \`false\`; ms or RFC 3339 | a number, a boolean |

Blank lines mean nothing, except for raw texts and bytes. With \`--key-separator S\` the key is what stands
before the first S; a line without one has no key. Keys are given as text of their declared type. A record with
a key goes to the partition that Kafka's clients choose for it; records without one go to all partitions in
turn.

In \`--in-format json\` each line is \`{"key", "value", "timestamp", "headers"}\`, of which only \`value\` is
required; \`partition\` and \`offset\` are ignored, so that output can be fed again. \`timestamp\` is
milliseconds or RFC 3339; without it a record has the time of the line before it, the first one that of the
clock. All inputs are merged by timestamp.

A line that is no record (over 8 MiB, no JSON, a number out of its type's range) goes to the topic
\`_feed.dead-letter\` with its reason, and the feed goes on.

## Output

\`--out\` gives a topic's records from the first one on that the log has, one per line. With \`--drain\` the
file appears whole at the end, partition by partition, in the order of offsets; without it lines are appended as
their records become durable.

\`--out-format value\` prints JSON as it is, texts as they are, numbers and booleans by their type, timestamps
as RFC 3339, bytes as base64. A record without a value is \`null\`. \`--out-format json\` prints
\`{"key","value","timestamp","partition","offset"}\`, and \`headers\` where a record has some.
`

function shellSection(): string {
  const rows = SHELL_COMMANDS.map(({ usage, help }) => `| \`${cell(usage)}\` | ${cell(help)} |`)
  return `## The shell

Without \`--drain\`, \`millrace run\` on a terminal reads these commands; with \`--shell\` also from a
pipe, one after the other, each when everything before it has been processed.

| | |
|---|---|
${rows.join('\n')}`
}
