// Every message in every version: written and read again, read by an independent client, and never trusted.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isMillraceError, SeededRandom } from '../../base/index.ts'
import { WIRE_TYPES_FOLDER, wireTypes } from '../../../scripts/wire/types.ts'
import { APIS } from './apis.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import type { Api, Field } from './layout.ts'
import { randomMessage } from './messages.cases.ts'
import { messageReader, type Message } from './read-message.ts'
import { messageWriter } from './write-message.ts'

const ROUNDS = 20
const FUZZ_CASES = 20_000
const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

const versionsOf = (api: Api): readonly number[] =>
  Array.from({ length: api.max - api.min + 1 }, (_, index) => api.min + index)

function encode(fields: readonly Field[], api: Api, version: number, message: Message): Buffer {
  const writer = new FrameWriter()
  messageWriter(fields, version, version >= api.flexible)(writer, message)
  return Buffer.concat(writer.finish().slice(1))
}

for (const api of APIS) {
  test(`${api.name} ${api.min}–${api.max} reads as it was written, seed ${seed}`, () => {
    const random = new SeededRandom(seed)
    for (const version of versionsOf(api)) {
      for (const fields of [api.request, api.response]) {
        const read = messageReader(fields, version, version >= api.flexible)
        for (let round = 0; round < ROUNDS; round++) {
          const message = randomMessage(fields, version, random)
          const reader = new FrameReader(encode(fields, api, version, message))
          deepStrictEqual(narrowed(read(reader), message), message)
          strictEqual(reader.remaining, 0)
        }
      }
    }
  })
}

/** What was read, without the fields that the version lacks. */
function narrowed(value: unknown, like: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => narrowed(item, (like as readonly unknown[])[index]))
  }
  if (value === null || like === null || typeof value !== 'object' || Buffer.isBuffer(value)) {
    return value
  }
  const known = Object.keys(like as object)
  return Object.fromEntries(
    known.map(key => [key, narrowed((value as Message)[key], (like as Message)[key])])
  )
}

interface IndependentReader {
  readonly remaining: number
}
type ParseResponse = (
  correlationId: number,
  key: number,
  version: number,
  reader: IndependentReader
) => Message

const client = join(import.meta.dirname, '../../../node_modules/@platformatic/kafka/dist')
const load = (path: string): Promise<Record<string, unknown>> =>
  import(pathToFileURL(join(client, path)).href)
const kebab = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()

/** Values for which the other client reads on instead of throwing, and that it wants to be there. */
const CALM: Message = {
  errorCode: 0,
  partitionErrorCode: 0,
  recordErrors: [],
  records: Buffer.alloc(0)
}

test('an independent client reads our responses to the last byte', async () => {
  const { Reader } = (await load('protocol/reader.js')) as {
    readonly Reader: { from(bytes: Buffer): IndependentReader }
  }
  let read = 0
  for (const api of APIS) {
    for (const version of versionsOf(api)) {
      const [path] = globSync(`apis/*/${kebab(api.name)}-v${version}.js`, { cwd: client })
      if (path === undefined) continue
      const { parseResponse } = (await load(path)) as { readonly parseResponse?: ParseResponse }
      if (parseResponse === undefined) continue
      const random = new SeededRandom(seed)
      for (let round = 0; round < 3; round++) {
        const message = randomMessage(api.response, version, random, CALM)
        const reader = Reader.from(encode(api.response, api, version, message))
        const what = `${api.name} v${version}, seed ${seed}: ${JSON.stringify(message)}`
        const parsed = parseResponse(0, api.key, version, reader)
        strictEqual(reader.remaining, 0, what)
        ok(parsed !== undefined, what)
        read++
      }
    }
  }
  ok(read > 300, `only ${read} responses were read`)
})

test(`${FUZZ_CASES} damaged messages are read or refused, seed ${seed}`, () => {
  const random = new SeededRandom(seed)
  let refused = 0
  for (let index = 0; index < FUZZ_CASES; index++) {
    const api = APIS[random.below(APIS.length)]!
    const version = api.min + random.below(api.max - api.min + 1)
    const bytes = damaged(
      encode(api.request, api, version, randomMessage(api.request, version, random)),
      random
    )
    try {
      messageReader(api.request, version, version >= api.flexible)(new FrameReader(bytes))
    } catch (error) {
      ok(isMillraceError(error, 'FRAME_MALFORMED'), `${api.name} v${version}: ${String(error)}`)
      refused++
    }
  }
  ok(refused > FUZZ_CASES / 20, `only ${refused} were refused`)
})

function damaged(bytes: Buffer, random: SeededRandom): Buffer {
  if (bytes.length === 0) return bytes
  const copy = Buffer.from(bytes)
  if (random.below(3) === 0) return copy.subarray(0, random.below(copy.length))
  for (let index = 0; index <= random.below(4); index++) {
    copy[random.below(copy.length)] = [0, 0x7f, 0x80, 0xff, random.below(256)][random.below(5)]!
  }
  return copy
}

const textOf = (name: string): string => readFileSync(join(WIRE_TYPES_FOLDER, name), 'utf8')

test('the types of messages are what the layouts say', () => {
  const found = new Map(readdirSync(WIRE_TYPES_FOLDER).map(name => [name, textOf(name)] as const))
  deepStrictEqual(found, wireTypes(), 'run: node scripts/generate-wire.ts')
})
