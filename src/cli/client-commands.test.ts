// The commands for topics, records and groups as users call them: over a data directory, and over a server.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'

import { finished, run, shell, start, type Finished } from '../../test/command.ts'
import { startOn, stop } from '../../test/kafka/kit.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-client-cli-'))
after(() => rmSync(root, { recursive: true }))

/** Runs a command that must end well; gives its stdout. */
async function done(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await run(args, root, input)
  strictEqual(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const { code, stderr } = await run(args, root)
  strictEqual(code, 2, `${args.join(' ')}: ${stderr}`)
  match(stderr, message)
}

/** A server, as options of commands. */
async function server(t: TestContext): Promise<readonly string[]> {
  const folder = mkdtempSync(join(root, 'server-'))
  const broker = await startOn(folder)
  t.after(() => stop(broker))
  return ['--bootstrap', broker.bootstrap]
}

const lines = (text: string): string[] => text.trimEnd().split('\n')

test('records go in and out of a data directory in every form', async () => {
  const at = ['--data-dir', 'forms']
  await done(['topic', 'create', 'orders', '--partitions', '2', ...at])
  const input = 'a:{"amount":5}\nb:{"amount":50}\nplain\n'
  await done(['produce', 'orders', '--key-separator', ':', '--partition', '1', ...at], input)
  const consume = (...more: string[]) => done(['consume', 'orders', '-d', ...at, ...more])
  strictEqual(await consume(), '{"amount":5}\n{"amount":50}\nplain\n')
  strictEqual(await consume('-o', 'key', '--from', '+1'), 'b\nnull\n')
  strictEqual(await consume('-o', 'raw', '--limit', '1'), '{"amount":5}')
  strictEqual(await consume('--until-offset', '1', '-p', '1'), '{"amount":5}\n{"amount":50}\n')
  match(
    await consume('-o', 'table'),
    /^PARTITION +OFFSET +TIME +KEY +AMOUNT +VALUE\n +1 +0 +\S+Z +a +5 +-\n/
  )
  const [first] = lines(await consume('-o', 'json'))
  const { timestamp, ...rest } = JSON.parse(first!) as { timestamp: number }
  ok(timestamp > 0)
  deepStrictEqual(rest, {
    key: 'a',
    value: '{"amount":5}',
    topic: 'orders',
    partition: 1,
    offset: 0
  })
  writeFileSync(
    join(root, 'large.ts'),
    'export function filter(record: { value: { amount?: number } | string }): boolean {\n' +
      "  return typeof record.value === 'object' && record.value.amount! > 10\n}\n"
  )
  for (const filter of ['(value as any).amount > 10', 'large.ts']) {
    const format = '{{key}}={{value}} @{{partition}}:{{offset}}'
    strictEqual(
      await consume('--filter', filter, '--format', format),
      'b={"amount":50} @1:1\n',
      filter
    )
  }
})

test('a group goes on where it was, is described, moved and deleted', async t => {
  const at = await server(t)
  await done(['topic', 'create', 'events', ...at])
  await done(['produce', 'events', '-q', ...at], '1\n2\n3\n4\n5\n')
  const read = (limit: string) => done(['consume', 'events', '-g', 'g', '-d', '-n', limit, ...at])
  strictEqual(await read('2'), '1\n2\n')
  strictEqual(await read('1'), '3\n')
  const described = JSON.parse(await done(['group', 'describe', 'g', '-o', 'json', ...at])) as {
    status: { positions: { offset: number; lag: number }[] }
  }
  deepStrictEqual(
    described.status.positions.map(({ offset, lag }) => [offset, lag]),
    [[3, 2]]
  )
  match(await done(['group', 'reset-offsets', 'g', '--to', '-1', ...at]), /^events +0 +4$/m)
  strictEqual(await read('9'), '5\n')
  match(await done(['group', 'list', ...at]), /^g +Empty +0 /m)
  await done(['group', 'delete', 'g', '--yes', ...at])
  await refused(['group', 'describe', 'g', ...at], /there is no group g/)
})

test('topics, partitions and SPUs of a server are administrated', async t => {
  const at = await server(t)
  const create = ['topic', 'create', 'logs', '--retention-time', '1h', '--config']
  await done([...create, 'cleanup.policy=compact', ...at])
  await done(['topic', 'create', 'logs', '--if-not-exists', ...at])
  await refused(['topic', 'create', 'logs', ...at], /TOPIC_ALREADY_EXISTS/)
  await done(['topic', 'add-partition', 'logs', '--count', '2', ...at])
  match(
    await done(['topic', 'config', 'logs', '--unset', 'cleanup.policy', ...at]),
    /^cleanup\.policy +delete +default\n+retention\.ms +3600000 +set$/m
  )
  const partitions = JSON.parse(await done(['partition', 'list', 'logs', '-o', 'json', ...at])) as {
    name: string
    owner: { name: string }
  }[]
  deepStrictEqual(
    partitions.map(({ name, owner }) => [name, owner.name]),
    [
      ['logs-0', 'logs'],
      ['logs-1', 'logs'],
      ['logs-2', 'logs']
    ]
  )
  match(await done(['spu', 'list', ...at]), /^spu-1 +1 +127\.0\.0\.1:\d+ +- +online +yes +3 +3 /m)
  match(await done(['spu', 'groups', '-o', 'yaml', ...at]), /kind: spu-group/)
  await refused(['topic', 'describe', 'log', ...at], /did you mean "logs"\?/)
  await refused(['topic', 'config', 'logs', '--set', 'nothing', ...at], /expected was NAME=VALUE/)
})

test('what does not go together is refused before anything is done', async () => {
  for (const [args, message] of [
    [['consume', 'a', 'b', '-p', '0'], /one topic/],
    [['consume', 'a', '-o', 'table'], /--stop-at-end or --limit/],
    [['consume', 'a', '--from', 'somewhere'], /is no position/],
    [['consume', 'a', '--filter', 'value >'], /--filter value >: /],
    [['consume', 'a', '--format', '{{nothing}}'], /\{\{nothing\}\}/],
    [['produce', 'a', '--raw', '--format', 'json'], /do not go together/],
    [['produce', 'a', '--batch-size', 'much'], /expected was a size/],
    [['topic', 'list', '--profile', 'x', '--bootstrap', 'a:1'], /cannot be used with/],
    [['group', 'reset-offsets', 'g', '--to', 'end', '-p', '0'], /--topic NAME/]
  ] as const) {
    await refused(
      [...args, ...(args.includes('--profile' as never) ? [] : ['--data-dir', 'no'])],
      message
    )
  }
  ok(!existsSync(join(root, 'no')))
})

test('a server that is not there is told with its address', async () => {
  const { code, stderr } = await run(['topic', 'list', '--bootstrap', '127.0.0.1:1'], root)
  strictEqual(code, 1)
  match(stderr, /127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/)
})

test('a reader that goes away ends the command well, and so does Ctrl-C', async t => {
  const at = await server(t)
  await done(['topic', 'create', 'many', ...at])
  const input = `${'line\n'.repeat(20_000)}`
  await done(['produce', 'many', ...at], input)
  const script = `npx millrace consume many ${at.join(' ')} | head -n 2; echo "$\{PIPESTATUS[0]}"`
  const { stdout } = await shell(`set +o pipefail\n${script}`, root)
  strictEqual(stdout, 'line\nline\n0\n')
  const following = start(['consume', 'many', '--from', '-1', ...at], root)
  const ended: Promise<Finished> = finished(following)
  following.stdout!.once('data', () => following.kill('SIGINT'))
  const { code, stdout: seen, stderr } = await ended
  deepStrictEqual([code, seen], [0, 'line\n'], stderr)
})

test('the bench gives figures with percentiles', async () => {
  const at = ['--data-dir', 'bench', '-o', 'json']
  const sends = ['bench', 'produce', 'b', '--records', '2000', '--batch', '100', ...at]
  for (const args of [sends, ['bench', 'consume', 'b', ...at]]) {
    const { records, latencyMs } = JSON.parse(await done(args)) as {
      records: number
      latencyMs: Record<string, number>
    }
    strictEqual(records, 2_000)
    deepStrictEqual(Object.keys(latencyMs), ['p50', 'p90', 'p99', 'p999', 'max'])
    ok(latencyMs['p50']! <= latencyMs['max']!)
  }
})

test('completions of bash know commands, options and choices', async () => {
  const script = await done(['completions', 'bash'])
  const complete = async (...words: string[]): Promise<string[]> => {
    const line = `COMP_WORDS=(millrace ${words.map(word => `'${word}'`).join(' ')})`
    const text = `set +eu\n${script}\n${line}\nCOMP_CWORD=${words.length}\n_millrace\nprintf '%s\\n' "$\{COMPREPLY[@]}"`
    const { stdout, stderr } = await shell(text, root)
    strictEqual(stderr, '')
    return lines(stdout)
  }
  deepStrictEqual(await complete('top'), ['topic'])
  deepStrictEqual(await complete('topic', 'add'), ['add-partition'])
  deepStrictEqual(await complete('consume', 'x', '--isol'), ['--isolation'])
  deepStrictEqual(await complete('consume', 'x', '--isolation', ''), ['committed', 'uncommitted'])
  match(await done(['completions', 'zsh']), /^#compdef millrace$/m)
  match(
    await done(['completions', 'fish']),
    /^complete -c millrace -n '__millrace_at consume' -l isolation -x -a 'committed uncommitted'/m
  )
})
