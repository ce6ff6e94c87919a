// Key and certificates of a server from files, read again when they change: new connections get them, old ones live on.
//
//   T1  A change counts when the files of it fit together; until then, and when they do not, the old ones stay.
//   T2  Files are looked at every ten seconds, by what is in them: links that are switched (as Kubernetes does) count.
import { readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

import { MillraceError, messageOf } from '../../base/index.ts'
import type { Clock, Timer } from '../../base/index.ts'
import { secureOptions } from '../../security/index.ts'
import type { TlsMaterial, TlsSource } from '../../security/index.ts'

const LOOK_MS = 10_000
const FILE_BYTES_MAX = 1024 * 1024

/** Paths of PEM files. */
export interface TlsPaths {
  readonly certificate: string
  readonly key: string
  /** Authorities of clients; null: clients show no certificates. */
  readonly clientAuthorities: string | null
}

/** The files, and whoever wants to know of changes. */
export class TlsFiles implements TlsSource {
  readonly #paths: TlsPaths
  readonly #clock: Clock
  readonly #onNotice: (message: string) => void
  readonly #actions = new Set<() => void>()
  #current: TlsMaterial
  #refused: string | null = null
  #timer: Timer | null = null

  private constructor(
    paths: TlsPaths,
    clock: Clock,
    onNotice: (message: string) => void,
    current: TlsMaterial
  ) {
    this.#paths = paths
    this.#clock = clock
    this.#onNotice = onNotice
    this.#current = current
    this.#schedule()
  }

  /** Reads the files. `onNotice` is told of changes and of files that cannot be used. @throws TLS_FILE */
  static open(paths: TlsPaths, clock: Clock, onNotice: (message: string) => void): TlsFiles {
    const material = readNow(paths)
    checkMaterial(paths, material)
    return new TlsFiles(paths, clock, onNotice, material)
  }

  get current(): TlsMaterial {
    return this.#current
  }

  onChange(action: () => void): () => void {
    this.#actions.add(action)
    return () => this.#actions.delete(action)
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #schedule(): void {
    const look = (): void => {
      void this.#look().finally(() => {
        if (this.#timer !== null) this.#schedule()
      })
    }
    this.#timer = this.#clock.timer(LOOK_MS, look, { unref: true })
  }

  /** T1. */
  async #look(): Promise<void> {
    let problem: string
    try {
      const found = await readAgain(this.#paths)
      if (isSame(found, this.#current)) return
      checkMaterial(this.#paths, found)
      this.#current = found
      this.#refused = null
      for (const action of this.#actions) action()
      this.#onNotice(`${this.#paths.certificate} has changed; new connections get it`)
      return
    } catch (error) {
      problem = messageOf(error)
    }
    // Told once: files are often replaced one after the other.
    if (problem !== this.#refused)
      this.#onNotice(`${problem}; the certificate of before stays in use`)
    this.#refused = problem
  }
}

const isSame = (one: TlsMaterial, other: TlsMaterial): boolean =>
  one.key === other.key &&
  one.certificate === other.certificate &&
  one.clientAuthorities === other.clientAuthorities

function read(path: string, what: string): string {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw new Error(`larger than ${FILE_BYTES_MAX} bytes`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unusable(path, what, error)
  }
}

function readNow({ key, certificate, clientAuthorities }: TlsPaths): TlsMaterial {
  return {
    key: read(key, 'a private key'),
    certificate: read(certificate, 'a certificate'),
    clientAuthorities:
      clientAuthorities === null ? null : read(clientAuthorities, 'certificates of authorities')
  }
}

async function readAgain({ key, certificate, clientAuthorities }: TlsPaths): Promise<TlsMaterial> {
  const texts = [key, certificate].map(path => readFile(path, 'utf8'))
  const [keyText, certificateText] = (await Promise.all(texts)) as [string, string]
  const authorities = clientAuthorities === null ? null : await readFile(clientAuthorities, 'utf8')
  return { key: keyText, certificate: certificateText, clientAuthorities: authorities }
}

/** @throws TLS_FILE the texts are not what they should be, or the key is not the certificate's */
function checkMaterial(paths: TlsPaths, material: TlsMaterial): void {
  if (
    material.clientAuthorities !== null &&
    !material.clientAuthorities.includes('BEGIN CERTIFICATE')
  ) {
    throw unusable(
      paths.clientAuthorities!,
      'certificates of authorities',
      new Error('it holds none')
    )
  }
  try {
    createSecureContext(secureOptions(material))
  } catch (error) {
    throw unusable(`${paths.certificate} with ${paths.key}`, 'a certificate with its key', error)
  }
}

function unusable(path: string, what: string, error: unknown): MillraceError {
  return new MillraceError(
    'TLS_FILE',
    `${path} cannot be used: ${messageOf(error)}; expected was ${what} in a PEM file; name another file`,
    { cause: error }
  )
}
