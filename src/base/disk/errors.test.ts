// Failures of the system become errors that a caller can act on and a person can read.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { diskError } from './errors.ts'
import { SystemDisk } from './system.ts'
import { isMillraceError } from '../errors.ts'

const CASES = {
  ENOENT: ['DISK_NOT_FOUND', 'check its spelling'],
  ENOSPC: ['DISK_FULL', 'free some or use another volume'],
  EDQUOT: ['DISK_FULL', 'raise the quota'],
  EACCES: ['DISK_FAILED', 'run as its owner'],
  EPERM: ['DISK_FAILED', 'run as its owner'],
  EROFS: ['DISK_FAILED', 'mount it writable'],
  EMFILE: ['DISK_FAILED', 'ulimit -n'],
  EIO: ['DISK_FAILED', 'check the volume'],
  ENXIO: ['DISK_FAILED', 'check the volume']
} as const

for (const [errno, [code, wayOut]] of Object.entries(CASES)) {
  test(`${errno} is ${code} and says the way out`, () => {
    const cause = Object.assign(new Error(`${errno}: what the system says, write`), { code: errno })
    const error = diskError({ verb: 'writing', path: '/data/x' }, cause)
    assert.equal(error.code, code)
    assert.deepEqual(error.details, { path: '/data/x', operation: 'writing', errno })
    assert.equal(error.cause, cause)
    const start = `Writing /data/x failed: ${errno} (what the system says); `
    assert.ok(error.message.startsWith(start), error.message)
    assert.ok(error.message.includes('expected') && error.message.includes(wayOut), error.message)
  })
}

test('a full device refuses a write with DISK_FULL', async context => {
  const disk = new SystemDisk('/dev')
  if (!(await disk.exists('full'))) return context.diagnostic('this system has no /dev/full')
  const file = await disk.open('full', { write: true, create: false })
  await assert.rejects(file.write([new Uint8Array(10)], 0), error =>
    isMillraceError(error, 'DISK_FULL')
  )
  await file.close()
})
