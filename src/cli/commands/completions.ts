// `millrace completions`: scripts of shells that complete commands, options and choices, from the declarations.
import type { Command, Option } from 'commander'

import { print } from '../output.ts'

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

function bashScript(words: readonly Words[]): string {
  const cases = words.map(({ path, commands, options }) => {
    const all = [...commands.map(each => each.name), ...options.flatMap(each => each.flags)]
    return `    ${quote(path.join(' '))}) words=${quote(all.join(' '))} ;;`
  })
  const choices = words.flatMap(({ path, options }) =>
    options
      .filter(({ choices }) => choices !== null)
      .flatMap(({ flags, choices }) =>
        flags.map(
          flag =>
            `    ${quote(`${path.join(' ')}|${flag}`)}) values=${quote(choices!.join(' '))} ;;`
        )
      )
  )
  return `# bash completion of millrace: source <(millrace completions bash)
_millrace() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local path='' words='' values='-' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $(_millrace_commands "$path") " in *" $word "*) path="\${path:+$path }$word" ;; esac
  done
  case "$path|$previous" in
${choices.join('\n')}
  esac
  if [ "$values" != '-' ]; then
    if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$current"))
    else COMPREPLY=($(compgen -f -- "$current")); fi
    return
  fi
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
}
_millrace_commands() {
  case "$1" in
${words
  .filter(each => each.commands.length > 0)
  .map(
    ({ path }) =>
      `    ${quote(path.join(' '))}) echo ${quote(innerNames(words, path).join(' '))} ;;`
  )
  .join('\n')}
  esac
}
complete -o filenames -F _millrace millrace`
}

function zshScript(words: readonly Words[]): string {
  const cases = words.map(({ path, commands, options }) => {
    const described = [
      ...commands.map(({ name, help }) => quote(`${name}:${help.replaceAll(':', ' ')}`)),
      ...options.flatMap(({ flags, help }) =>
        flags.map(flag => quote(`${flag}:${help.replaceAll(':', ' ')}`))
      )
    ]
    return `    ${quote(path.join(' '))}) words_here=(${described.join(' ')}) ;;`
  })
  const choices = words.flatMap(({ path, options }) =>
    options
      .filter(({ choices }) => choices !== null && choices.length > 0)
      .flatMap(({ flags, choices }) =>
        flags.map(
          flag =>
            `    ${quote(`${path.join(' ')}|${flag}`)}) compadd -- ${choices!.map(quote).join(' ')}; return ;;`
        )
      )
  )
  return `#compdef millrace
# zsh completion of millrace: source <(millrace completions zsh)
_millrace() {
  local path='' word
  local -a words_here
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case " $(_millrace_commands "$path") " in *" $word "*) path="\${path:+$path }$word" ;; esac
  done
  case "$path|\${words[CURRENT-1]}" in
${choices.join('\n')}
  esac
  case "$path" in
${cases.join('\n')}
  esac
  _describe 'millrace' words_here || _files
}
_millrace_commands() {
  case "$1" in
${words
  .filter(each => each.commands.length > 0)
  .map(
    ({ path }) =>
      `    ${quote(path.join(' '))}) echo ${quote(innerNames(words, path).join(' '))} ;;`
  )
  .join('\n')}
  esac
}
compdef _millrace millrace`
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
  for word in (commandline -opc)[2..-1]
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
