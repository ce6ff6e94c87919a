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

/** How a process ended that is given its input bit by bit. */
function exited(child: ReturnType<typeof start>): Promise<{ readonly code: number | null }> {
  child.stdout!.resume()
  child.stderr!.resume()
  return new Promise(resolve => child.on('close', code => resolve({ code })))
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
  await refused(['topic', 'create', 'logs', ...at], /topic "logs" exists already/)
  await refused(
    ['topic', 'create', 'x', '--config', 'foo=1', ...at],
    /foo is not known; expected one/
  )
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
    [
      ['consume', 'a', '--format', '{{value.amount}}'],
      /\{\{value\.amount\}\}, which no record has/
    ],
    [['consume', 'a', '--format', '{{key}}', '-o', 'json'], /cannot be used with/],
    [['consume', 'a', '--instance', 'i'], /a group, whose member it is/],
    [['consume', 'a', '--filter', 'filters/large.ts'], /filters\/large\.ts cannot be loaded: /],
    [['produce', 'a', '--batch-size', 'much'], /expected was a size/],
    [['produce', 'a', '--format', 'json', '--key-separator', ':'], /do not go together/],
    [['produce', 'a', '--raw', '--key-separator', ':'], /do not go together/],
    [['produce', 'a', '--header', 'x'], /NAME=VALUE, as in source=import/],
    [['topic', 'config', 'a', '--set', 'x=1', '--unset', 'x'], /x is both set and unset/],
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

test('an empty list is a sentence for people and an empty list for programs', async () => {
  const at = ['--data-dir', 'empty']
  await done(['topic', 'create', 'only', ...at])
  const groups = await run(['group', 'list', ...at], root)
  deepStrictEqual([groups.code, groups.stdout], [0, ''])
  match(groups.stderr, /^No groups: /)
  strictEqual(await done(['group', 'list', '-o', 'json', ...at]), '[]\n')
  await done(['topic', 'delete', 'only', '--yes', ...at])
  const { stdout, stderr } = await run(['partition', 'list', ...at], root)
  deepStrictEqual([stdout, stderr], ['', 'No topics; millrace topic create NAME makes one.\n'])
})

test('the memory of groups, users and rules is not deleted by its topic', async () => {
  const at = ['--data-dir', 'memory']
  await done(['topic', 'create', 't', ...at])
  await done(['consume', 't', '-g', 'g', '-d', ...at])
  match(await done(['topic', 'list', '--all', ...at]), /^_millrace\.broker /m)
  await refused(['topic', 'delete', '_millrace.broker', '--yes', ...at], /users, tokens and access/)
})

test('what stands before a wrong line is sent, and the line is named', async () => {
  const at = ['--data-dir', 'wrong']
  await done(['topic', 'create', 't', ...at])
  const json = ['produce', 't', '--format', 'json', ...at]
  const read = () => done(['consume', 't', '-d', ...at])
  for (const [line, message] of [
    ['no json', /stdin:3: /],
    ['{"value":"x","headers":{"n":5}}', /stdin:3: its header "n" is no text/],
    ['{"value":"x","headers":["n"]}', /stdin:3: its headers are no object/],
    ['{"value":"x","timestamp":"soon"}', /stdin:3: its timestamp is soon/],
    ['{"key":"x"}', /stdin:3: it is no object with "value"/]
  ] as const) {
    const { code, stderr } = await run(json, root, `{"value":"a"}\n{"value":"b"}\n${line}\n`)
    strictEqual(code, 2, stderr)
    match(stderr, message)
    match(stderr, /^Stopped: 2 records into t /m)
  }
  strictEqual(await read(), '"a"\n"b"\n'.repeat(5).replaceAll('"', ''))
})

test('values are checked by the types of a dataflow file before they are written', async () => {
  const at = ['--data-dir', 'typed', '--types', 'flow']
  strictEqual((await run(['init', 'flow'], root)).code, 0)
  await done(['topic', 'create', 'visits', '--data-dir', 'typed'])
  const good = '{"page":"/x","seconds":1}'
  for (const [args, input, message] of [
    [[], `${good}\n\n{"page":"/x","seconds":-1}\n`, /stdin:3: value\.seconds: -1 is outside u32/],
    [['--format', 'json'], `{"value":${good}}\n{"value":{"page":5}}\n`, /stdin:2: value\.page: 5/],
    [['--raw'], '{"page":5}', /stdin: value\.page: 5 is not string/]
  ] as const) {
    const { code, stderr } = await run(['produce', 'visits', ...args, ...at], root, input)
    strictEqual(code, 2, stderr)
    match(stderr, message)
  }
  strictEqual(await done(['consume', 'visits', '-d', ...at]), `${good}\n${good}\n`)
  await refused(
    ['consume', 'visit', '-d', ...at],
    /flow declares no topic visit; did you mean "visits"/
  )
})

test('a rate holds also for lines that come a few at a time', async () => {
  const at = ['--data-dir', 'rate']
  await done(['topic', 'create', 't', ...at])
  const child = start(['produce', 't', '--rate', '100', ...at], root)
  const ended = exited(child)
  const startedAt = performance.now()
  for (let line = 0; line < 60; line++) child.stdin!.write(`${line}\n`)
  child.stdin!.end()
  strictEqual((await ended).code, 0)
  ok(performance.now() - startedAt >= 500)
  strictEqual(lines(await done(['consume', 't', '-d', ...at])).length, 60)
})

test('a group keeps only what was printed before --until-offset, of each partition', async () => {
  const at = ['--data-dir', 'until']
  for (const topic of ['one', 'other']) {
    await done(['topic', 'create', topic, '-p', '2', ...at])
    for (const partition of ['0', '1']) {
      await done(['produce', topic, '-p', partition, '-q', ...at], '0\n1\n2\n3\n4\n')
    }
  }
  const both = await done(['consume', 'one', 'other', '--until-offset', '1', ...at])
  deepStrictEqual(lines(both).toSorted(), ['0', '0', '0', '0', '1', '1', '1', '1'])
  const group = ['consume', 'one', '-g', 'g', '-d', ...at]
  deepStrictEqual(lines(await done([...group, '--until-offset', '1'])).toSorted(), [
    '0',
    '0',
    '1',
    '1'
  ])
  deepStrictEqual(lines(await done(group)).toSorted(), ['2', '2', '3', '3', '4', '4'])
})

test('records of several topics are told apart in a table', async () => {
  const at = ['--data-dir', 'mixed']
  for (const topic of ['a', 'b']) {
    await done(['topic', 'create', topic, ...at])
    await done(['produce', topic, '-q', ...at], '{"n":1}\n')
  }
  const table = await done(['consume', 'a', 'b', '-d', '-o', 'table', ...at])
  match(table, /^TOPIC +PARTITION +OFFSET +TIME +KEY +N\n/)
  match(table, /^b +0 +0 .* 1$/m)
})
