// A drain renamed its finished output over whatever stood there: a symbolic link became a file, and as root so did
// /dev/stdout, for every program of the machine.
import assert from 'node:assert/strict'
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { FileSink } from '../../src/server/out/line-sink.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-link-'))
after(() => rmSync(folder, { recursive: true }))

async function writeWhole(path: string, line: string): Promise<void> {
  const sink = await FileSink.open(path, { whole: true })
  sink.line(line)
  await sink.finish()
}

test('a link goes on to mean the file that it meant, with the new content', async () => {
  const file = join(folder, 'file.txt')
  const link = join(folder, 'link.txt')
  writeFileSync(file, 'old\n')
  symlinkSync('file.txt', link)
  await writeWhole(link, 'new')
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.equal(readFileSync(file, 'utf8'), 'new\n')
})

test('a link to no file yet makes that file', async () => {
  const link = join(folder, 'early.txt')
  symlinkSync('later.txt', link)
  await writeWhole(link, 'new')
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.equal(readFileSync(join(folder, 'later.txt'), 'utf8'), 'new\n')
})

test('a device is written to, not replaced', async () => {
  await writeWhole('/dev/null', 'new')
  assert.ok(lstatSync('/dev/null').isCharacterDevice())
})
