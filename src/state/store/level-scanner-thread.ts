// The thread behind level-scanner.ts: reads ranges of an open database and answers piece by piece.
import { workerData } from 'node:worker_threads'

import { ClassicLevel, type Iterator as LevelIterator } from 'classic-level'

import type { ScannerAnswer, ScannerData, ScannerRequest } from './level-scanner.ts'

/** Pairs of an answer; the first is small, since many loops end early. */
const FIRST_PAIRS = 100
const NEXT_PAIRS = 2000

const { path, options, port, answers } = workerData as ScannerData
const database: ClassicLevel<Uint8Array, Uint8Array> = new ClassicLevel(path, options)
const iterators = new Map<number, LevelIterator<typeof database, Uint8Array, Uint8Array>>()

// One request after the other: an iterator takes no overlapping calls, and answers keep their order.
let tail: Promise<void> = database.open().catch(() => {
  // The first scan fails with the reason: a database that is not open says so.
})
port.on('message', (request: ScannerRequest) => {
  tail = tail.then(() => handle(request))
})

async function handle(request: ScannerRequest): Promise<void> {
  if (request.kind === 'close') {
    await database.close()
    port.close()
    return
  }
  const { scan } = request
  try {
    if (request.kind === 'end') {
      await iterators.get(scan)?.close()
      iterators.delete(scan)
      return
    }
    if (request.kind === 'open') {
      iterators.set(scan, database.iterator({ gte: request.from, lt: request.to }))
    }
    await answerNext(scan, request.kind === 'open' ? FIRST_PAIRS : NEXT_PAIRS)
  } catch (error) {
    const { message, code } = error as { message?: string; code?: string }
    send({ kind: 'failed', scan, message: message ?? String(error), code: code ?? '' })
  }
}

async function answerNext(scan: number, count: number): Promise<void> {
  const pairs = (await iterators.get(scan)?.nextv(count)) ?? []
  const lengths = new Uint32Array(pairs.length * 2)
  let total = 0
  for (const [index, [key, value]] of pairs.entries()) {
    lengths[index * 2] = key.length
    lengths[index * 2 + 1] = value.length
    total += key.length + value.length
  }
  const bytes = new Uint8Array(total)
  let at = 0
  for (const [key, value] of pairs) {
    bytes.set(key, at)
    bytes.set(value, at + key.length)
    at += key.length + value.length
  }
  const answer: ScannerAnswer = { kind: 'pairs', scan, count: pairs.length, bytes, lengths }
  send(answer, [bytes.buffer, lengths.buffer])
}

function send(answer: ScannerAnswer, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(answer, transfer)
  Atomics.add(answers, 0, 1)
  Atomics.notify(answers, 0)
}
