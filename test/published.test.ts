// The published form: `npm pack`, installed into an empty folder, runs there, stays small and loads little.
import { ok, strictEqual } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ROOT } from './command.ts'

const INSTALLED_BYTES_MAX = 30 * 1024 * 1024

const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
const command = join(folder, 'node_modules/millrace/bin/millrace.js')
const example = join(folder, 'node_modules/millrace/examples/word-count')

before(() => {
  const npm = (args: string[]) =>
    execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  const archive = npm(['pack', ROOT, '--pack-destination', folder, '--silent'])
    .trim()
    .split('\n')
    .at(-1)!
  npm(['init', '--yes'])
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, archive)])
})

after(() => rmSync(folder, { recursive: true }))

test('the packed package installs into an empty folder and runs', () => {
  const bytes = sizeOf(join(folder, 'node_modules'))
  ok(bytes < INSTALLED_BYTES_MAX, `installed ${bytes} bytes, at most ${INSTALLED_BYTES_MAX}`)
  const millrace = (args: string[], input = '') =>
    execFileSync(process.execPath, [command, ...args], {
      cwd: folder,
      encoding: 'utf8',
      input,
      stdio: 'pipe'
    })
  strictEqual(millrace(['--version']).trim(), 'millrace 0.1.0')
  millrace(['init', 'starter'])
  const feed = ['--in', 'sentences=-', '--out', 'counts=-', '--drain', '--ephemeral']
  const counts = millrace(['run', example, ...feed], 'one two one\n')
  strictEqual(
    counts,
    '{"word":"one","count":1}\n{"word":"two","count":1}\n{"word":"one","count":2}\n'
  )
  const parallel = millrace(['run', example, ...feed, '--workers', '2'], 'one\n')
  strictEqual(parallel, '{"word":"one","count":1}\n')
})

/** What a start may load: files, and their kilobytes; a tenth more than there is. */
const STARTS: readonly {
  readonly args: readonly string[]
  readonly files: number
  readonly kilobytes: number
}[] = [
  { args: ['--help'], files: 5, kilobytes: 200 },
  { args: ['run', example, '--data-dir', 'run-data'], files: 17, kilobytes: 3_050 },
  {
    args: ['start', '--data-dir', 'data', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'],
    files: 9,
    kilobytes: 3_200
  }
]

for (const { args, ...most } of STARTS) {
  test(`${args[0]} loads little until it is ready`, async () => {
    const { files, hasFetch } = await loadedBy(args)
    const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0)
    const list = files.join('\n')
    ok(files.length <= most.files, `${files.length} files, at most ${most.files}:\n${list}`)
    ok(bytes <= most.kilobytes * 1000, `${bytes} bytes, at most ${most.kilobytes} KB:\n${list}`)
    // Hono has a Response of its own, made from that of Node.
    strictEqual(hasFetch, args[0] === 'start', 'whether fetch is loaded, which takes 20 ms')
  })
}

/** Notes each file that is loaded, and at the end whether Node has loaded all that belongs to fetch. */
const NOTING = `
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
const files = []
registerHooks({ load(url, context, next) { files.push(url); return next(url, context) } })
process.on('exit', () => {
  const hasFetch = process.moduleLoadList.includes('NativeModule internal/deps/undici/undici')
  writeFileSync(process.env.LOADED, JSON.stringify({ files, hasFetch }))
})
`

/** What a command loads until it ends, or is stopped because it says that it is ready. */
async function loadedBy(
  args: readonly string[]
): Promise<{ readonly files: readonly string[]; readonly hasFetch: boolean }> {
  const noting = join(folder, 'noting.mjs')
  const loaded = join(folder, 'loaded.json')
  writeFileSync(noting, NOTING)
  const child = spawn(process.execPath, ['--import', noting, command, ...args], {
    cwd: folder,
    env: { ...process.env, LOADED: loaded },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const ended = once(child, 'exit')
  let words = ''
  for await (const chunk of child.stderr) {
    words += String(chunk)
    if (words.includes('ready in')) child.kill('SIGTERM')
  }
  const [code] = (await ended) as [number | null]
  strictEqual(code, 0, words)
  const { files, hasFetch } = JSON.parse(readFileSync(loaded, 'utf8')) as {
    readonly files: readonly string[]
    readonly hasFetch: boolean
  }
  const own = files.filter(url => url.startsWith('file:')).map(url => fileURLToPath(url))
  return { files: own, hasFetch }
}

function sizeOf(path: string): number {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}
