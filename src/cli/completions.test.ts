// Completions as the shells themselves make them of our scripts: bash, zsh on a terminal of its own, fish.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { run } from '../../test/command.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-completions-'))
after(() => rmSync(root, { recursive: true }))
writeFileSync(join(root, 'records.jsonl'), '')

const without = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`

async function scriptOf(name: 'bash' | 'zsh' | 'fish'): Promise<string> {
  const { code, stdout, stderr } = await run(['completions', name], root)
  deepStrictEqual([code, stderr], [0, ''])
  return stdout
}

const lines = (text: string): string[] => text.split('\n').filter(line => line !== '')

test('bash completes commands, options, choices and files', async () => {
  const script = await scriptOf('bash')
  const complete = (...words: string[]): string[] => {
    const line = `COMP_WORDS=(millrace ${words.map(word => `'${word}'`).join(' ')})`
    const text = `${script}\n${line}\nCOMP_CWORD=${words.length}\n_millrace\nprintf '%s\\n' "$\{COMPREPLY[@]}"`
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', text], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe']
    })
    deepStrictEqual([status, stderr], [0, ''])
    return lines(stdout)
  }
  deepStrictEqual(complete('top'), ['topic'])
  deepStrictEqual(complete('topic', 'add'), ['add-partition'])
  deepStrictEqual(complete('consume', 'x', '--isol'), ['--isolation'])
  deepStrictEqual(complete('consume', 'x', '--isolation', ''), ['committed', 'uncommitted'])
  deepStrictEqual(complete('consume', 'x', '--isolation', '=', 'un'), ['uncommitted'])
  deepStrictEqual(complete('consume', '--isolation', '='), ['committed', 'uncommitted'])
  deepStrictEqual(complete('produce', 'x', '--file', 're'), ['records.jsonl'])
  deepStrictEqual(complete('produce', 're'), ['records.jsonl'])
  deepStrictEqual(complete('consume', 'x', '--isolation', 'z'), [])
})

/**
 * Types lines into a zsh with a terminal of its own, each with a tab and then Ctrl-X, which prints what stands on the
 * line by then; what zsh lists below the line comes before that.
 */
const ZSH_DRIVER = `
zmodload zsh/zpty || exit 3
zpty inner zsh -f -i
zpty -w inner "PROMPT=; fpath=($1 \\$fpath); autoload -Uz compinit; compinit -D -u; $2"
zpty -w inner 'show() { print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N show; bindkey "^X" show; print REA""DY'
zpty -r inner text '*READY*' || exit 4
for line in "\${@:3}"; do
  zpty -w -n inner "$line"$'\\t\\x18'
  zpty -r inner text '*>>*' || exit 4
  print -r -- "$text"
  print -r -- '=== end'
done
zpty -d inner
`

const lineOf = (text: string): string => /<<(.*)>>/.exec(text)?.[1] ?? text

/** What zsh answers; the script is read, or stands in a folder of fpath. */
function zsh(script: string, way: 'read' | 'folder', typed: readonly string[]): string[] {
  const folder = mkdtempSync(join(root, 'zsh-'))
  const driver = join(folder, 'driver.zsh')
  const file = join(folder, '_millrace')
  writeFileSync(driver, ZSH_DRIVER)
  writeFileSync(file, script)
  const places = way === 'read' ? ['', `source ${file}`] : [folder, '']
  const found = spawnSync('zsh', ['-f', driver, ...places, ...typed], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000
  })
  strictEqual(found.status, 0, found.stderr + found.stdout)
  return found.stdout.split('=== end\n').slice(0, -1)
}

test('zsh completes commands, options, choices and files', { skip: without('zsh') }, async () => {
  const script = await scriptOf('zsh')
  const [command, inner, option, value, file, values] = zsh(script, 'read', [
    'millrace comple',
    'millrace topic add',
    'millrace consume x --isol',
    'millrace consume x --isolation un',
    'millrace produce x --file rec',
    'millrace consume x --isolation '
  ])
  strictEqual(lineOf(command!), 'millrace completions ')
  strictEqual(lineOf(inner!), 'millrace topic add-partition ')
  strictEqual(lineOf(option!), 'millrace consume x --isolation ')
  strictEqual(lineOf(value!), 'millrace consume x --isolation uncommitted ')
  strictEqual(lineOf(file!), 'millrace produce x --file records.jsonl ')
  match(values!, /committed/)
  match(values!, /uncommitted/)
  const inFolder = zsh(script, 'folder', ['millrace topic add', 'millrace topic desc'])
  deepStrictEqual(inFolder.map(lineOf), [
    'millrace topic add-partition ',
    'millrace topic describe '
  ])
})

test('fish completes commands, options, choices and files', { skip: without('fish') }, async () => {
  const script = join(root, 'millrace.fish')
  writeFileSync(script, await scriptOf('fish'))
  const complete = (line: string): string[] => {
    const text = `source ${script}; complete -C ${JSON.stringify(line)}`
    const { status, stdout, stderr } = spawnSync('fish', ['--no-config', '-c', text], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, HOME: root }
    })
    deepStrictEqual([status, stderr], [0, ''])
    return lines(stdout).map(each => each.split('\t')[0]!)
  }
  deepStrictEqual(complete('millrace comple'), ['completions'])
  deepStrictEqual(complete('millrace topic add'), ['add-partition'])
  deepStrictEqual(complete('millrace consume x --isol'), ['--isolation'])
  deepStrictEqual(complete('millrace consume x --isolation '), ['committed', 'uncommitted'])
  deepStrictEqual(complete('millrace consume x --isolation=un'), ['--isolation=uncommitted'])
  deepStrictEqual(complete('millrace produce x --file rec'), ['records.jsonl'])
  ok(complete('millrace ').includes('consume'))
  ok(!complete('millrace topic ').includes('consume'))
})
