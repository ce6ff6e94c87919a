// Certificates for tests, made by openssl in a folder of the test: an authority, a server, clients. None is kept.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { hasCommand } from './toolchain.ts'

/** Why tests with certificates are skipped; false when they are not. */
export const withoutOpenssl: string | false = hasCommand('openssl', 'version')
  ? false
  : 'openssl is not installed; apt-get install openssl'

/** Files of a key and its certificate, PEM. */
export interface KeyPair {
  readonly key: string
  readonly certificate: string
}

const DAYS = '2'
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** An authority of its own, in a folder. */
export class Authority {
  readonly #folder: string
  readonly #key: string
  /** File with the authority's certificate. */
  readonly certificate: string

  constructor(folder: string, name = 'ca') {
    this.#folder = folder
    this.#key = join(folder, `${name}.key`)
    this.certificate = join(folder, `${name}.pem`)
    const files = ['-keyout', this.#key, '-out', this.certificate]
    openssl(['req', '-x509', ...CURVE, '-days', DAYS, '-subj', `/CN=${name}`, ...files])
  }

  /** A certificate of a subject as openssl writes it, `/O=Acme/CN=ana`, for 127.0.0.1 and localhost. */
  issue(name: string, subject: string): KeyPair {
    const at = (end: string): string => join(this.#folder, `${name}.${end}`)
    openssl(['req', ...CURVE, '-subj', subject, '-keyout', at('key'), '-out', at('csr')])
    writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\n')
    const signed = ['-CA', this.certificate, '-CAkey', this.#key, '-CAcreateserial']
    const files = ['-in', at('csr'), '-extfile', at('ext'), '-out', at('pem')]
    openssl(['x509', '-req', '-days', DAYS, ...signed, ...files])
    return { key: at('key'), certificate: at('pem') }
  }
}

/** A file's text. */
export function textOf(path: string): string {
  return readFileSync(path, 'utf8')
}
