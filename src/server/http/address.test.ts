// Addresses of --http: this machine only.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalAuthority, readHttpAddress, urlOf } from './address.ts'

test('addresses of this machine are read', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['localhost:0', '127.0.0.1', 0],
    ['127.1.2.3:80', '127.1.2.3', 80],
    [':9000', '127.0.0.1', 9000],
    ['9000', '127.0.0.1', 9000],
    ['[::1]:9000', '::1', 9000]
  ] as const) {
    deepStrictEqual(readHttpAddress('--http', text), { host, port })
  }
  strictEqual(urlOf({ host: '::1', port: 1 }), 'http://[::1]:1')
})

test('other addresses need TLS and authentication; what is none is told so', () => {
  for (const text of ['0.0.0.0:80', '[::]:80', '10.0.0.1:80', 'example.com:80', '127.0.0.256:1']) {
    throws(() => readHttpAddress('--http', text), {
      code: 'USAGE',
      message: /TLS and authentication/
    })
  }
  for (const text of ['', 'localhost', '127.0.0.1:', '127.0.0.1:99999', '::1:80', 'a:b']) {
    throws(() => readHttpAddress('--http', text), { code: 'USAGE', message: /it takes HOST:PORT/ })
  }
})

test('only names of this machine are local', () => {
  for (const name of ['localhost', 'LocalHost:80', '127.0.0.1:1', '[::1]:80']) {
    strictEqual(isLocalAuthority(name), true, name)
  }
  for (const name of ['localhost.example', 'example.com', '127.0.0.1.example', '', '127.0.0.999']) {
    strictEqual(isLocalAuthority(name), false, name)
  }
})
