// Certificates for tests, made by openssl: an authority, a server of this machine, a client with a password.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export const PASSWORD = 'open sesame'

/** A folder: `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key` (PKCS#8, encrypted), `password`. */
export class Certificates {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'millrace-tls-'))

  /** Makes them; skips the test, saying so, where there is no openssl. */
  static make(context: TestContext): Certificates | null {
    if (spawnSync('openssl', ['version']).status !== 0) {
      context.skip('openssl is not installed: there are no certificates to test with')
      return null
    }
    const made = new Certificates()
    context.after(() => rmSync(made.folder, { recursive: true }))
    made.#write()
    return made
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8')
  }

  #write(): void {
    writeFileSync(join(this.folder, 'password'), `${PASSWORD}\n`)
    writeFileSync(join(this.folder, 'server.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
    const authority = ['-x509', '-days', '2', '-subj', '/CN=millrace test authority', '-nodes']
    this.#openssl(['req', ...authority, ...ec, '-keyout', 'ca.key', '-out', 'ca.pem'])
    const server = ['-subj', '/CN=server', '-nodes', '-keyout', 'server.key', '-out', 'server.csr']
    this.#openssl(['req', ...ec, ...server])
    const client = ['-subj', '/CN=client', '-keyout', 'client.key', '-out', 'client.csr']
    this.#openssl(['req', ...ec, '-passout', 'file:password', ...client])
    this.#sign('server', ['-extfile', 'server.ext'])
    this.#sign('client', [])
  }

  #sign(name: string, more: readonly string[]): void {
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`]
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    this.#openssl(['x509', '-req', ...files, ...authority, ...more])
  }

  #openssl(args: readonly string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: this.folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`)
  }
}
