// `millrace completions`: scripts of shells that complete commands, options and choices, from the declarations.
//
// Each walks the words before the cursor down the tree of commands, then looks at the option before the cursor.
import type { Command, Option } from 'commander'

import { print } from '../output/output.ts'

/** What can stand behind a command's words. */
interface Words {
  /** The command's words, without the program's. */
  readonly path: readonly string[]
  readonly commands: readonly { readonly name: string; readonly help: string }[]
  readonly options: readonly OptionWords[]
}

interface OptionWords {
  readonly flags: readonly string[]
  readonly help: string
  /** null: it takes no value; empty: any. */
  readonly choices: readonly string[] | null
}

/** Prints the script of a shell. */
export function completions(shell: 'bash' | 'zsh' | 'fish', program: Command): number {
  const words = wordsOf(program, [])
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }
  print(scripts[shell](words))
  return 0
}

function wordsOf(command: Command, path: readonly string[]): Words[] {
  const help = command.createHelp()
  const commands = help.visibleCommands(command)
  const own: Words = {
    path,
    commands: commands.map(each => ({
      name: each.name(),
      help: firstLine(each.summary() || each.description())
    })),
    options: help.visibleOptions(command).map(optionWords)
  }
  const inner = command.commands.flatMap(each =>
    [each.name(), ...each.aliases()].flatMap(name => wordsOf(each, [...path, name]))
  )
  return [own, ...inner]
}

function optionWords(option: Option): OptionWords {
  const { short, long, argChoices, required, optional, description } = option
  return {
    flags: [short, long].filter(flag => flag !== undefined && flag !== null),
    help: firstLine(description),
    choices: required || optional ? (argChoices ?? []) : null
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.replaceAll(/['"`$\\]/g, '')
}

/** Functions of both bash and zsh: what stands below a command, and what an option of one takes. */
function commonFunctions(words: readonly Words[]): string {
  const commands = words
    .filter(each => each.commands.length > 0)
    .map(({ path }) => arm(path.join(' '), `echo ${quote(innerNames(words, path).join(' '))}`))
  const values = words.flatMap(({ path, options }) =>
    options.flatMap(({ flags, choices }) =>
      choices === null
        ? []
        : flags.map(flag => arm(`${path.join(' ')}|${flag}`, `echo ${quote(choices.join(' '))}`))
    )
  )
  return `_millrace_commands() {
  case "$1" in
${commands.join('\n')}
  esac
}
# Choices of an option; nothing where it takes anything, and / where it takes nothing.
_millrace_values() {
  case "$1" in
${values.join('\n')}
    *) echo / ;;
  esac
}`
}

/** A line of a `case`. */
function arm(pattern: string, command: string): string {
  return `    ${quote(pattern)}) ${command} ;;`
}

function bashScript(words: readonly Words[]): string {
  const cases = words.map(({ path, commands, options }) => {
    const all = [...commands.map(each => each.name), ...options.flatMap(each => each.flags)]
    return arm(path.join(' '), `words=${quote(all.join(' '))}`)
  })
  return `# bash completion of millrace: source <(millrace completions bash)
${commonFunctions(words)}
_millrace() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local at='' words='' values word
  # Bash takes the = of --option=value for a word.
  if [ "$current" = '=' ]; then current=''
  elif [ "$previous" = '=' ]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $(_millrace_commands "$at") " in *" $word "*) at="\${at:+$at }$word" ;; esac
  done
  values=$(_millrace_values "$at|$previous")
  if [ "$values" = '/' ]; then
    case "$at" in
${cases.join('\n')}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$values" -- "$current"))
  fi
  [ \${#COMPREPLY[@]} -gt 0 ] || [ -n "\${values#/}" ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _millrace millrace`
}

/** A word with its help, as zsh describes it. */
function described(name: string, help: string): string {
  return quote(`${name}:${help.replaceAll(':', ' ')}`)
}

function zshScript(words: readonly Words[]): string {
  const cases = words.map(({ path, commands, options }) => {
    const all = [
      ...commands.map(({ name, help }) => described(name, help)),
      ...options.flatMap(({ flags, help }) => flags.map(flag => described(flag, help)))
    ]
    return arm(path.join(' '), `all=(${all.join(' ')})`)
  })
  // `at` and not `path`, which is what zsh calls the folders of commands.
  return `#compdef millrace
# zsh completion of millrace, after compinit: source <(millrace completions zsh)
${commonFunctions(words)}
_millrace() {
  local at='' values word
  local -a all
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case " $(_millrace_commands "$at") " in *" $word "*) at="\${at:+$at }$word" ;; esac
  done
  values=$(_millrace_values "$at|\${words[CURRENT-1]}")
  if [[ $values != / ]]; then
    if [[ -n $values ]]; then compadd -- \${=values}; else _files; fi
    return
  fi
  case "$at" in
${cases.join('\n')}
  esac
  _describe millrace all || _files
}
# A file of this in a folder of fpath is the function itself.
if [[ "\${funcstack[1]}" = _millrace ]]; then _millrace "$@"; else compdef _millrace millrace; fi`
}

function fishScript(words: readonly Words[]): string {
  const lines = words.flatMap(({ path, commands, options }) => {
    const condition = `-n ${quote(`__millrace_at ${path.join(' ')}`)}`
    return [
      ...commands.map(
        ({ name, help }) =>
          `complete -c millrace ${condition} -f -a ${quote(name)} -d ${quote(help)}`
      ),
      ...options.map(({ flags, help, choices }) => {
        const names = flags.map(flag =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
        )
        const values =
          choices === null ? '' : choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : ' -r'
        return `complete -c millrace ${condition} ${names.join(' ')}${values} -d ${quote(help)}`
      })
    ]
  })
  return `# fish completion of millrace: millrace completions fish | source
function __millrace_at
  set -l path
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    if contains -- $word (__millrace_commands $path)
      set -a path $word
    end
  end
  test "$path" = "$argv"
end
function __millrace_commands
  switch "$argv"
${words
  .filter(each => each.commands.length > 0)
  .map(
    ({ path }) =>
      `    case ${quote(path.join(' '))}\n      printf '%s\\n' ${innerNames(words, path).join(' ')}`
  )
  .join('\n')}
  end
end
${lines.join('\n')}`
}

/** Commands right below a path, aliases included. */
function innerNames(words: readonly Words[], path: readonly string[]): readonly string[] {
  return words
    .filter(
      each =>
        each.path.length === path.length + 1 &&
        path.every((word, index) => each.path[index] === word)
    )
    .map(each => each.path.at(-1)!)
}

function quote(text: string): string {
  return `'${text.replaceAll("'", '')}'`
}
