// Lines at every border of the buffer, against splitting a string.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/index.ts'
import { LineReader } from './line-reader.ts'
import type { LineReaderOptions } from './line-reader.ts'

interface Line {
  text: string
  position: number
  number: number
  tooLong: boolean
  unterminated: boolean
}

async function linesOf(
  text: string,
  options: LineReaderOptions & { readBytes?: number } = {}
): Promise<Line[]> {
  const bytes = Buffer.from(text)
  let at = 0
  const source = {
    async read(into: Uint8Array): Promise<number> {
      const count = Math.min(into.length, options.readBytes ?? into.length, bytes.length - at)
      into.set(bytes.subarray(at, at + count))
      at += count
      return count
    }
  }
  const reader = new LineReader(source, options)
  const lines: Line[] = []
  do {
    while (reader.next()) {
      lines.push({
        text: reader.buffer.toString('utf8', reader.start, reader.end),
        position: reader.position,
        number: reader.lineNumber,
        tooLong: reader.tooLong,
        unterminated: reader.unterminated
      })
    }
  } while (await reader.fill())
  return lines
}

const texts = async (text: string, options: LineReaderOptions & { readBytes?: number } = {}) =>
  (await linesOf(text, options)).map(line => line.text)

test('splits at LF and CR LF, and gives a last line without an end', async () => {
  assert.deepEqual(await texts('one\ntwo\r\n\nfour'), ['one', 'two', '', 'four'])
  assert.deepEqual(await texts('one\n'), ['one'])
  assert.deepEqual(await texts(''), [])
  assert.deepEqual(await texts('\n'), [''])
  assert.deepEqual(await texts('a\rb\r\n'), ['a\rb'])
})

test('a CR at the very end of the source belongs to the line', async () => {
  assert.deepEqual(await texts('a\r'), ['a\r'])
})

test('reads a line across every border of the buffer', async () => {
  const text = 'alpha\r\nbeta\n\ngamma delta epsilon\r\nz'
  for (let chunkBytes = 1; chunkBytes < 40; chunkBytes++) {
    for (let readBytes = 1; readBytes < 8; readBytes++) {
      const lines = await texts(text, { chunkBytes, readBytes })
      assert.deepEqual(
        lines,
        ['alpha', 'beta', '', 'gamma delta epsilon', 'z'],
        `${chunkBytes}/${readBytes}`
      )
    }
  }
})

test('positions stand behind the line end and numbers count from 1', async () => {
  const lines = await linesOf('ab\r\nc\nd')
  assert.deepEqual(
    lines.map(line => [line.position, line.number, line.unterminated]),
    [
      [4, 1, false],
      [6, 2, false],
      [7, 3, true]
    ]
  )
})

test('a line that is too long is cut and the next one is whole', async () => {
  for (const chunkBytes of [1, 3, 8, 64]) {
    const lines = await linesOf(`short\n${'x'.repeat(50)}\nlast\r\n`, {
      chunkBytes,
      lineBytesMax: 10
    })
    assert.deepEqual(
      lines.map(line => [line.text, line.tooLong, line.position]),
      [
        ['short', false, 6],
        ['x'.repeat(10), true, 57],
        ['last', false, 63]
      ]
    )
  }
})

test('a line end that belongs to a line given before is passed over', async () => {
  const options = { continuesLine: true, position: 5, lineNumber: 2, chunkBytes: 1 }
  for (const [text, position] of [
    ['\nnext\n', 11],
    ['\r\nnext\n', 12],
    ['next\n', 10]
  ] as const) {
    const lines = await linesOf(text, options)
    assert.deepEqual(
      lines.map(line => [line.text, line.position, line.number]),
      [['next', position, 3]]
    )
  }
  assert.deepEqual(await texts('\r', options), ['\r'])
  assert.deepEqual(await texts('', options), [])
})

test('agrees with splitting a string, for random texts', async () => {
  const seed = 20_261_121
  const random = new SeededRandom(seed)
  for (let round = 0; round < 300; round++) {
    let text = ''
    for (let index = random.below(60); index > 0; index--)
      text += ['a', 'é', '\n', '\r\n', '\r'][random.below(5)]
    const expected = text
      .split('\n')
      .map((line, index, all) => (index < all.length - 1 ? line.replace(/\r$/, '') : line))
    if (expected.at(-1) === '') expected.pop()
    const options = { chunkBytes: 1 + random.below(20), readBytes: 1 + random.below(9) }
    assert.deepEqual(await texts(text, options), expected, `seed ${seed}, round ${round}`)
  }
})
