// Options that many commands declare alike.
import { InvalidArgumentError, Option } from 'commander'

import type { ListFormat } from '../output/output.ts'

/** Told the exit code of a command. */
export type Finish = (exitCode: number) => void

/** How lists are printed. */
export const LISTS: readonly ListFormat[] = ['table', 'json', 'yaml']
/** Of numbers that partitions have. */
export const PARTITION_MAX: number = 2 ** 31 - 1

/** A list of what an option was given, one by one. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

/** Checks a whole number. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

/** Whole numbers, one by one. */
export function collectNumbers(
  min: number,
  max: number
): (text: string, previous?: readonly number[]) => number[] {
  const read = wholeNumber(min, max)
  return (text, previous = []) => [...previous, read(text)]
}

/** `-o`: how a result is printed; the first format when nothing is said. */
export function outputOption(formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print the result')
    .choices(formats)
    .default(formats[0])
}

/** An option with choices; the first one when nothing is said. */
export function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).default(choices[0])
}
