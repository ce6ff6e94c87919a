// The arguments of `millrace run`, checked: what stands on both sides of each `=`, and what does not go together.
import { resolve } from 'node:path'

import { MillraceError } from '../../base/index.ts'
import { readHttpAddress, readListenAddress } from '../../server/index.ts'
import type { HttpAddress, SecuritySettings } from '../../server/index.ts'
import { readSecurityOptions } from '../options/security-options.ts'
import type { SecurityOptions } from '../options/security-options.ts'
import type { SqlFormat } from '../shell/sql.ts'
import { parseDuration } from '../../dataflow/index.ts'

/** What the parser gives. */
export interface RunOptions extends SecurityOptions {
  readonly dataDir?: string
  readonly ephemeral?: boolean
  readonly in?: readonly string[]
  readonly keySeparator?: string
  readonly inFormat: 'text' | 'json'
  readonly out?: readonly string[]
  readonly outFormat: 'value' | 'json'
  readonly show?: readonly string[]
  readonly sql?: readonly string[]
  readonly sqlFormat?: SqlFormat
  readonly sqlTimeout?: string
  readonly drain?: boolean
  readonly dev?: boolean
  readonly advanceTime?: string
  readonly workers: number
  readonly partitions?: number
  readonly env?: readonly string[]
  readonly functions?: readonly string[]
  readonly mapAddress?: readonly string[]
  readonly allowPrivate?: boolean
  readonly http?: string
  readonly listen?: string
  readonly shell?: boolean
  readonly verbose?: boolean
}

/** One `TOPIC=FILE`. */
export interface TopicFile {
  readonly topic: string
  /** Absolute path, or null for stdin or stdout. */
  readonly path: string | null
  /** The file as the user wrote it. */
  readonly given: string
}

/** The options of a run, checked. */
export interface RunRequest {
  readonly dataDir: string | null
  readonly ephemeral: boolean
  readonly inputs: readonly TopicFile[]
  readonly inFormat: 'text' | 'json'
  readonly keySeparator: string | null
  readonly outputs: readonly TopicFile[]
  readonly outFormat: 'value' | 'json'
  readonly show: readonly string[]
  /** Queries at the end of a drain. */
  readonly sql: readonly string[]
  readonly sqlFormat: SqlFormat
  /** How long one may take, ms; null: the default. */
  readonly sqlTimeoutMs: number | null
  readonly drain: boolean
  /** How far the time of functions is moved on at the end, ms. */
  readonly advanceMs: number | null
  readonly workers: number
  readonly partitions: number | null
  readonly env: Readonly<Record<string, string>>
  readonly functionFiles: readonly string[]
  /** Bootstrap servers that stand for the engine's own topics. */
  readonly localAddresses: readonly string[]
  readonly allowPrivate: boolean
  /** Where HTTP listens; null: at its default, when a component needs it. */
  readonly http: HttpAddress | null
  /** Where Kafka's clients are served; null: nowhere. */
  readonly listen: HttpAddress | null
  readonly security: SecuritySettings
  readonly shell: boolean
  readonly verbose: boolean
}

/** Checks the options. @throws USAGE naming the option, what it was, what it takes */
export function readRunOptions(options: RunOptions): RunRequest {
  const { ephemeral = false, drain = false, shell = false, verbose = false, show = [] } = options
  const inputs = (options.in ?? []).map(text => readTopicFile('--in', text))
  const outputs = (options.out ?? []).map(text => readTopicFile('--out', text))
  const stdin = inputs.filter(input => input.path === null).length
  refuse(
    ephemeral && options.dataDir !== undefined,
    '--ephemeral and --data-dir exclude each other; leave one away'
  )
  refuse(
    stdin > 1,
    '--in reads stdin for more than one topic; only one can have it: give the others a file'
  )
  refuse(
    shell && stdin > 0,
    '--shell reads its commands from stdin, and so does an --in; give the input a file'
  )
  refuse(shell && drain, '--shell needs a run that goes on, and --drain ends it; leave one away')
  refuse(
    drain && options.http !== undefined,
    '--http needs a run that goes on, and --drain ends it; leave one away'
  )
  refuse(
    drain && options.listen !== undefined,
    '--listen needs a run that goes on, and --drain ends it; leave one away'
  )
  refuse(options.keySeparator === '', '--key-separator is empty; it takes at least one character')
  refuse(
    options.keySeparator !== undefined && options.inFormat === 'json',
    '--key-separator belongs to text input; with --in-format json the key is the property "key" of each line'
  )
  refuse(
    show.length > 0 && !drain,
    '--show prints a state at the end of a run with --drain; without it use the shell: show state'
  )
  refuse(
    options.advanceTime !== undefined && !(drain && ephemeral),
    '--advance-time belongs to --drain and --ephemeral: what it leaves would lie in the future; add them'
  )
  refuseSharedFiles(inputs, outputs)
  refuseSql(options)
  return {
    dataDir: options.dataDir === undefined ? null : resolve(options.dataDir),
    ephemeral,
    inputs,
    inFormat: options.inFormat,
    keySeparator: options.keySeparator ?? null,
    outputs,
    outFormat: options.outFormat,
    show,
    sql: options.sql ?? [],
    sqlFormat: options.sqlFormat ?? 'table',
    sqlTimeoutMs: options.sqlTimeout === undefined ? null : readSqlTimeout(options.sqlTimeout),
    drain,
    advanceMs: options.advanceTime === undefined ? null : readAdvance(options.advanceTime),
    workers: options.workers,
    partitions: options.partitions ?? null,
    env: readEnv(options.env ?? []),
    functionFiles: options.functions ?? [],
    localAddresses: (options.mapAddress ?? []).map(readLocalAddress),
    allowPrivate: options.allowPrivate ?? false,
    http: options.http === undefined ? null : readHttpAddress('--http', options.http),
    listen: options.listen === undefined ? null : readListenAddress('--listen', options.listen),
    security: readSecurityOptions(options),
    shell,
    verbose
  }
}

function readTopicFile(option: string, text: string): TopicFile {
  const at = text.indexOf('=')
  const stream = option === '--in' ? 'stdin' : 'stdout'
  refuse(
    at <= 0 || at === text.length - 1,
    `${option} ${text}: it takes TOPIC=FILE, as in ${option} orders=orders.jsonl, or TOPIC=- for ${stream}`
  )
  const given = text.slice(at + 1)
  const isStream = given === '-' || STREAM_PATHS[stream].includes(resolve(given))
  return { topic: text.slice(0, at), path: isStream ? null : resolve(given), given }
}

/** Paths of the process's own streams: opened anew they would have a place of their own in a file behind them. */
const STREAM_PATHS = {
  stdin: ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'],
  stdout: ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']
} satisfies Readonly<Record<string, readonly string[]>>

/** The values of `--env`. @throws USAGE */
export function readEnv(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map(readPair))
}

function readPair(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  refuse(at <= 0, `--env ${text}: it takes NAME=VALUE`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function readAdvance(text: string): number {
  const advanceMs = parseDuration(text)
  if (advanceMs === null) {
    refuse(true, `--advance-time ${text}: it takes a duration, as in 500ms, 15m or 30d`)
  }
  return advanceMs!
}

function refuseSql({ sql, sqlFormat, sqlTimeout, drain = false }: RunOptions): void {
  refuse(
    sql !== undefined && !drain,
    '--sql asks the states at the end of a run with --drain; without it use the shell: sql'
  )
  refuse(
    sql === undefined && (sqlFormat ?? sqlTimeout) !== undefined,
    '--sql-format and --sql-timeout belong to --sql; add it, or leave them away'
  )
}

function readSqlTimeout(text: string): number {
  const timeoutMs = parseDuration(text)
  if (timeoutMs === null || timeoutMs === 0) {
    refuse(true, `--sql-timeout ${text}: it takes a duration, as in 500ms, 30s or 5m`)
  }
  return timeoutMs!
}

/** The cluster's address of `--map-address`. @throws USAGE */
export function readLocalAddress(text: string): string {
  const at = text.lastIndexOf('=')
  refuse(at <= 0, `--map-address ${text}: it takes BOOTSTRAP=local, as in kafka:9092=local`)
  const target = text.slice(at + 1)
  refuse(
    target !== 'local',
    `--map-address ${text}: this release maps addresses to the engine's own topics only; ` +
      `write ${text.slice(0, at)}=local`
  )
  return text.slice(0, at)
}

function refuseSharedFiles(inputs: readonly TopicFile[], outputs: readonly TopicFile[]): void {
  const fed = new Set<string>()
  for (const { topic, path, given } of inputs) {
    const feed = `${topic}=${path}`
    refuse(
      fed.has(feed),
      `--in ${topic}=${given} stands there twice; a file is fed into a topic once`
    )
    fed.add(feed)
  }
  const written = new Set<string | null>()
  for (const { path, given } of outputs) {
    const name = path === null ? 'stdout' : given
    refuse(
      written.has(path) && path !== null,
      `two --out write ${name}; each topic needs its own file`
    )
    refuse(
      path !== null && inputs.some(input => input.path === path),
      `${name} is read by --in and would be overwritten by --out; write to another file`
    )
    written.add(path)
  }
}

function refuse(condition: boolean, message: string): void {
  if (condition) throw new MillraceError('USAGE', message)
}
