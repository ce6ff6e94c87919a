// The published form: `npm pack`, installed into an empty folder, runs there and stays small.
import { ok, strictEqual } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './command.ts'

const INSTALLED_BYTES_MAX = 30 * 1024 * 1024

test('the packed package installs into an empty folder and runs', t => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const npm = (args: string[]) =>
    execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  const archive = npm(['pack', ROOT, '--pack-destination', folder, '--silent'])
    .trim()
    .split('\n')
    .at(-1)!
  npm(['init', '--yes'])
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, archive)])
  const bytes = sizeOf(join(folder, 'node_modules'))
  ok(bytes < INSTALLED_BYTES_MAX, `installed ${bytes} bytes, at most ${INSTALLED_BYTES_MAX}`)
  const command = join(folder, 'node_modules/millrace/bin/millrace.js')
  const millrace = (args: string[], input = '') =>
    execFileSync(process.execPath, [command, ...args], {
      cwd: folder,
      encoding: 'utf8',
      input,
      stdio: 'pipe'
    })
  strictEqual(millrace(['--version']).trim(), 'millrace 0.1.0')
  millrace(['init', 'starter'])
  const example = join(folder, 'node_modules/millrace/examples/word-count')
  const feed = ['--in', 'sentences=-', '--out', 'counts=-', '--drain', '--ephemeral']
  const counts = millrace(['run', example, ...feed], 'one two one\n')
  strictEqual(
    counts,
    '{"word":"one","count":1}\n{"word":"two","count":1}\n{"word":"one","count":2}\n'
  )
  const parallel = millrace(['run', example, ...feed, '--workers', '2'], 'one\n')
  strictEqual(parallel, '{"word":"one","count":1}\n')
})

function sizeOf(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}
