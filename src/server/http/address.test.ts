// Addresses of --http and --listen; whether they are safe is tested in server/security.
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalAuthority, isLoopback, readHttpAddress, urlOf } from './address.ts'

test('addresses of this machine are read', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['localhost:0', '127.0.0.1', 0],
    ['127.1.2.3:80', '127.1.2.3', 80],
    [':9000', '127.0.0.1', 9000],
    ['9000', '127.0.0.1', 9000],
    ['[::1]:9000', '::1', 9000],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['[::]:80', '::', 80],
    ['log.example.com:443', 'log.example.com', 443]
  ] as const) {
    deepStrictEqual(readHttpAddress('--http', text), { host, port })
  }
  strictEqual(urlOf({ host: '::1', port: 1 }), 'http://[::1]:1')
})

test('only addresses of 127.0.0.0/8 and ::1 are of this machine alone', () => {
  for (const host of ['127.0.0.1', '127.255.1.2', '::1']) strictEqual(isLoopback(host), true, host)
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'example.com',
    '127.0.0.256',
    '127.0.0.1.example'
  ]) {
    strictEqual(isLoopback(host), false, host)
  }
})

test('what is no address is told so', () => {
  for (const text of [
    '',
    'localhost',
    '127.0.0.1:',
    '127.0.0.1:99999',
    '::1:80',
    'a:b',
    '-a:1',
    'a b:1',
    '[x]:1'
  ]) {
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
