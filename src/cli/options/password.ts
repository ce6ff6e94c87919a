// Passwords, from where they do not stay: a terminal without echo, stdin, a file. Never the command line.
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

import { MillraceError, messageOf } from '../../base/index.ts'

const ENTER = new Set(['\n', '\r', '\u0004'])
const BACKSPACE = new Set(['\u007f', '\b'])
const INTERRUPT = '\u0003'

/**
 * Reads a password. `file`: its first line; else a terminal is asked twice, and of other input the first line taken.
 * @throws USAGE
 */
export async function readPassword(name: string, file: string | null): Promise<string> {
  if (file !== null) return firstLine(readFile(file), `--password-file ${file}`)
  if (process.stdin.isTTY !== true) return firstLine(await text(process.stdin), 'stdin')
  const password = await ask(`Password of ${name}: `)
  const again = await ask('The same again: ')
  if (password === again) return password
  throw new MillraceError(
    'USAGE',
    'the two passwords differ; nothing was changed; type the same twice'
  )
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new MillraceError(
      'USAGE',
      `--password-file ${path} cannot be read: ${messageOf(error)}; name a file with the password`
    )
  }
}

function firstLine(content: string, from: string): string {
  const line = content.split(/\r?\n/, 1)[0]!
  if (line !== '') return line
  throw new MillraceError(
    'USAGE',
    `${from} has no password; expected one in the first line, as in: printf %s "$PASSWORD" | millrace user add NAME`
  )
}

/** Asks on the terminal; what is typed is not shown. */
async function ask(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  try {
    return await typed()
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

function typed(): Promise<string> {
  const { stdin } = process
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let password = ''
  const take = (chunk: string): void => {
    for (const character of chunk) {
      if (character === INTERRUPT) {
        reject(new MillraceError('USAGE', 'stopped; nothing was changed'))
        return
      }
      if (ENTER.has(character)) {
        resolve(password)
        return
      }
      password = BACKSPACE.has(character) ? password.slice(0, -1) : password + character
    }
  }
  stdin.on('data', take)
  return promise.finally(() => stdin.off('data', take))
}
