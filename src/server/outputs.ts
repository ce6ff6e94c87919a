// The output files of a run: written whole at the end of a drain, or followed while the run goes on.
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'

import { MillraceError } from '../base/index.ts'
import type { Log } from '../log/log.ts'
import type { RegistryOptions } from '../runtime/convert/index.ts'
import { FileSink, StreamSink } from './out/line-sink.ts'
import type { LineSink } from './out/line-sink.ts'
import { recordLine } from './out/record-lines.ts'
import {
  followTopic,
  type OnRecord,
  type ReadWaits,
  readRange,
  wholeTopic
} from './out/topic-reader.ts'
import type { TopicTable } from './topic-table.ts'

/** One `--out TOPIC=FILE`; a null path is stdout. */
export interface Output {
  readonly topic: string
  readonly path: string | null
  /** The file as the user wrote it. */
  readonly given: string
}

/** What outputs are written with. */
export interface OutputOptions {
  readonly log: Log
  readonly topics: TopicTable
  readonly outputs: readonly Output[]
  readonly format: 'value' | 'json'
  readonly stdout: NodeJS.WritableStream & import('node:stream').Writable
  /** How the schema registry of a topic is asked. */
  registries(topic: string): RegistryOptions
  /** Ends waits for a registry: values whose schema is not known by then are written as base64. */
  readonly signal: AbortSignal
}

/** Tells of an output that cannot be written before hours of work go into it. @throws USAGE */
export function checkOutput({ topic, path, given }: Output): void {
  const wrong = path === null ? null : whatHindersWriting(path)
  if (wrong === null) return
  throw new MillraceError(
    'USAGE',
    `--out ${topic}=${given}: ${wrong}; name a file in a folder that exists and that you may write to`
  )
}

function whatHindersWriting(path: string): string | null {
  const folder = dirname(path)
  const place = statSync(folder, { throwIfNoEntry: false })
  if (place === undefined) return `there is no folder ${folder}`
  if (!place.isDirectory()) return `${folder} is no folder`
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) return `${path} is a folder`
  // A file that appears whole is written beside its place first.
  const touched = found === undefined || found.isFile() ? [found && path, folder] : [path]
  const closed = touched.find(one => one !== undefined && !isWritable(one))
  return closed === undefined ? null : `${closed} cannot be written`
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Writes all topics from their first record to their end as of now, partition by partition. Files appear whole.
 * A reader of stdout that went away ends that output and nothing else.
 */
export async function writeOutputs(options: OutputOptions): Promise<void> {
  for (const output of options.outputs) {
    const sink = await openSink(output, options, true)
    try {
      const { onRecord, prepare } = linesInto(sink, output, options)
      const afterRead = async (): Promise<boolean> => (sink.due ? sink.flush() : true)
      for (const range of await wholeTopic(options.log, output.topic)) {
        await readRange(options.log, range, onRecord, { prepare, afterRead })
      }
      await sink.finish()
    } catch (error) {
      await sink.abandon()
      throw error
    }
  }
}

/** Outputs that grow with their topics. */
export class FollowedOutputs {
  /** Resolves when nobody reads stdout any more; rejects when an output cannot be written or read. */
  readonly ended: Promise<void>
  readonly #following: Promise<readonly boolean[]>
  readonly #stop = new AbortController()

  private constructor(options: OutputOptions, sinks: readonly LineSink[]) {
    this.#following = Promise.all(
      options.outputs.map((output, index) => this.#follow(output, sinks[index]!, options))
    )
    this.ended = this.#following.then(closed => {
      // An output ends by itself only when its reader went away; with the stop all end, and nobody waits for this.
      if (!closed.includes(true)) return new Promise(() => {})
    })
    this.ended.catch(() => {})
  }

  /** Opens all files and begins to follow the topics. */
  static async start(options: OutputOptions): Promise<FollowedOutputs> {
    const sinks: LineSink[] = []
    for (const output of options.outputs) sinks.push(await openSink(output, options, false))
    return new FollowedOutputs(options, sinks)
  }

  /** Writes what is durable by now and closes the files. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#following
  }

  async #follow(output: Output, sink: LineSink, options: OutputOptions): Promise<boolean> {
    const { signal } = this.#stop
    const { onRecord, prepare } = linesInto(sink, output, { ...options, signal })
    let open = true
    const afterRead = async (): Promise<boolean> => (open = await sink.flush())
    await followTopic(options.log, output.topic, onRecord, { prepare, afterRead }, signal)
    await sink.finish()
    return !open
  }
}

function linesInto(
  sink: LineSink,
  { topic }: Output,
  { topics, format, registries, signal }: OutputOptions
): { readonly onRecord: OnRecord; readonly prepare: ReadWaits['prepare'] } {
  const forms = topics.outForms(topic, registries(topic), signal)
  const { value: form } = forms
  return {
    onRecord: (cursor, partition) => sink.line(recordLine(cursor, partition, forms, format)),
    prepare:
      form.prepare === undefined
        ? undefined
        : cursor => {
            const value = cursor.value()
            return value === null ? null : form.prepare!(value)
          }
  }
}

function openSink(
  output: Output,
  options: OutputOptions,
  whole: boolean
): Promise<LineSink> | LineSink {
  return output.path === null
    ? new StreamSink(options.stdout)
    : FileSink.open(output.path, { whole })
}
