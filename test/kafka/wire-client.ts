// A connection that sends single requests of the protocol, for what no client does by itself: repeating, leaving gaps.
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'

import {
  FrameReader,
  FrameWriter,
  apiNamed,
  readResponse,
  readResponseHeader,
  writeRequest,
  writeRequestHeader,
  type ApiName,
  type RequestOf,
  type ResponseOf,
  type Sparse
} from '../../src/kafka/wire/index.ts'
import { BatchBuilder, crc32c } from '../../src/record/index.ts'
import { finallyIn } from './kit.ts'

/** What a batch says of its producer. */
export interface BatchOf {
  readonly producerId: number
  readonly epoch: number
  readonly sequence: number
  readonly isTransactional?: boolean
}

/** One connection. */
export class WireClient {
  readonly #socket: Socket
  #chunks: Buffer[] = []
  #received = 0
  /** Bytes that must have come before there is a frame, or its length. */
  #wanted = 4
  #correlationId = 0
  #answer: ((frame: Buffer | null) => void) | null = null
  #isEnded = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#received += chunk.length
      if (this.#received < this.#wanted) return
      const bytes = Buffer.concat(this.#chunks)
      this.#chunks = [bytes]
      this.#wanted = 4 + bytes.readInt32BE(0)
      if (bytes.length < this.#wanted) return
      const frame = bytes.subarray(4, this.#wanted)
      this.#chunks = [bytes.subarray(this.#wanted)]
      this.#received -= this.#wanted
      this.#wanted = 4
      this.#answer?.(frame)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isEnded = true
      this.#answer?.(null)
    })
  }

  /** `tls`: what `node:tls` takes; absent: without TLS. */
  static async connect(bootstrap: string, tls?: ConnectionOptions): Promise<WireClient> {
    const [host, port] = bootstrap.split(':')
    const at = { host: host!, port: Number(port) }
    const socket = tls === undefined ? connect(at) : connectTls({ ...at, ...tls })
    const event = tls === undefined ? 'connect' : 'secureConnect'
    await new Promise((resolve, reject) => socket.once(event, resolve).once('error', reject))
    return new WireClient(socket)
  }

  /** The socket; of a connection over TLS a `TLSSocket`. */
  get socket(): Socket | TLSSocket {
    return this.#socket
  }

  /** Resolves when the other side has ended the connection. */
  async ended(): Promise<void> {
    if (this.#socket.destroyed) return
    await new Promise(resolve => this.#socket.once('close', resolve))
  }

  /** Sends one request and gives its response. Rejects when the connection ends. */
  async ask<Name extends ApiName>(
    name: Name,
    version: number,
    request: Sparse<RequestOf<Name>>
  ): Promise<ResponseOf<Name>> {
    const api = apiNamed(name)!
    const writer = new FrameWriter()
    const header = { apiKey: api.key, apiVersion: version, clientId: 'wire' }
    writeRequestHeader(writer, api, { ...header, correlationId: ++this.#correlationId })
    writeRequest(name, version, writer, request)
    const frame = await this.send(Buffer.concat(writer.finish()))
    if (frame === null) throw new Error(`the connection ended before ${name} was answered`)
    const reader = new FrameReader(frame)
    readResponseHeader(reader, api, version)
    return readResponse(name, version, reader)
  }

  /** Sends bytes, a frame's length included; gives the next frame without its length, null when the connection ends. */
  async send(bytes: Buffer): Promise<Buffer | null> {
    if (this.#isEnded) return null
    const answer = new Promise<Buffer | null>(resolve => (this.#answer = resolve))
    this.#socket.write(bytes)
    return await answer
  }

  /** Produces one batch; gives error code and base offset. */
  async produce(
    topic: string,
    values: readonly string[],
    of: BatchOf | null = null,
    transactionalId: string | null = null
  ): Promise<{ readonly errorCode: number; readonly baseOffset: number }> {
    const records = batchOf(values, of)
    const response = await this.ask('Produce', 9, {
      transactionalId,
      acks: -1,
      timeoutMs: 5_000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records }] }]
    })
    const { errorCode, baseOffset } = response.responses[0]!.partitionResponses[0]!
    return { errorCode, baseOffset }
  }

  /** A new producer id. */
  async producer(
    transactionalId: string | null = null,
    transactionTimeoutMs = 60_000
  ): Promise<{ readonly producerId: number; readonly epoch: number; readonly errorCode: number }> {
    const asked = { transactionalId, transactionTimeoutMs, producerId: -1, producerEpoch: -1 }
    const { errorCode, producerId, producerEpoch } = await this.ask('InitProducerId', 3, asked)
    return { errorCode, producerId, epoch: producerEpoch }
  }

  /** Adds partition 0 of a topic to a transaction; gives the code. */
  async begin(
    transactionalId: string,
    { producerId, epoch }: { readonly producerId: number; readonly epoch: number },
    topic: string
  ): Promise<number> {
    const response = await this.ask('AddPartitionsToTxn', 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: epoch,
      v3AndBelowTopics: [{ name: topic, partitions: [0] }]
    })
    return response.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
  }

  /** Ends a transaction; gives the code. */
  async end(
    transactionalId: string,
    { producerId, epoch }: { readonly producerId: number; readonly epoch: number },
    committed: boolean
  ): Promise<number> {
    const asked = { transactionalId, producerId, producerEpoch: epoch, committed }
    return (await this.ask('EndTxn', 3, asked)).errorCode
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** A connection that ends with the test. */
export async function wireClientFor(
  t: TestContext,
  bootstrap: string,
  tls?: ConnectionOptions
): Promise<WireClient> {
  const client = await WireClient.connect(bootstrap, tls)
  finallyIn(t, () => client.close())
  return client
}

/** A batch with a producer's marks, which `BatchBuilder` leaves to its users but for the sequence. */
export function batchOf(values: readonly string[], of: BatchOf | null): Buffer {
  const builder = new BatchBuilder(
    of === null ? {} : { producerId: of.producerId, producerEpoch: of.epoch }
  )
  for (const value of values) builder.append(1_700_000_000_000, null, Buffer.from(value))
  const batch = builder.build()
  if (of === null) return batch
  batch.writeInt32BE(of.sequence, 53)
  if (of.isTransactional === true) batch.writeInt16BE(0x10, 21)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}
