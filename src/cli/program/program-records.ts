// The declarations of commands about topics and records, of any log. What they do is loaded when one is called.
import { Option, type Command } from 'commander'

import type { BenchConsumeOptions, BenchProduceOptions } from '../commands/bench.ts'
import type { ConsumeOptions } from '../commands/consume.ts'
import type { ProduceOptions } from '../commands/produce.ts'
import type {
  PrintOptions,
  TopicConfigOptions,
  TopicCreateOptions,
  TopicListOptions
} from '../commands/topic.ts'
import {
  choice,
  collect,
  collectNumbers,
  LISTS,
  outputOption,
  PARTITION_MAX,
  wholeNumber,
  type Finish
} from '../options/option-kit.ts'
import { addTarget, type TargetOptions } from '../options/target-options.ts'

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const DELIVERIES = ['exactly-once', 'at-least-once', 'at-most-once']

/** Examples of these commands, printed below their help and in the reference. */
export const RECORD_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  topic: ['millrace topic list', 'millrace topic create orders --partitions 4'],
  'topic list': ['millrace topic list --data-dir .millrace', 'millrace topic list --all -o json'],
  'topic describe': ['millrace topic describe counts', 'millrace topic describe counts -o yaml'],
  'topic create': [
    'millrace topic create orders --partitions 4 --retention-time 7d',
    'millrace topic create prices --compact --bootstrap 127.0.0.1:9092',
    'millrace topic create orders --config max.message.bytes=2000000 --profile staging'
  ],
  'topic delete': ['millrace topic delete counts --yes'],
  'topic add-partition': ['millrace topic add-partition orders --count 2'],
  'topic config': [
    'millrace topic config orders',
    'millrace topic config orders --set retention.ms=86400000 --unset cleanup.policy'
  ],
  produce: [
    'echo hello | millrace produce greetings',
    'millrace produce orders --file orders.txt --key-separator :',
    'millrace produce orders --file orders.jsonl --format json --compression zstd --rate 500',
    'millrace produce orders --types dataflow.yaml --header source=import < orders.txt'
  ],
  consume: [
    'millrace consume orders --stop-at-end',
    'millrace consume orders --from -10 -o json',
    'millrace consume orders --from 15m --partition 0 --group report',
    "millrace consume orders -d --filter 'value.amount > 100' --format '{{time}} {{key}}: {{value}}'",
    'millrace consume orders refunds --limit 20 -o table',
    'millrace consume orders -d --registry http://127.0.0.1:8081'
  ],
  bench: ['millrace bench produce bench', 'millrace bench consume bench -o json'],
  'bench produce': [
    'millrace bench produce bench --records 1000000 --size 100 --in-flight 8',
    'millrace bench produce bench --rate 5000 --batch 10 --bootstrap 127.0.0.1:9092 -o json'
  ],
  'bench consume': ['millrace bench consume bench --records 100000']
}

/** Adds the commands. */
export function addRecords(program: Command, finish: Finish): void {
  addTopic(program, finish)
  addProduce(program, finish)
  addConsume(program, finish)
  addBench(program, finish)
}

const topics = () => import('../commands/topic.ts')

function addTopic(program: Command, finish: Finish): void {
  const topic = program
    .command('topic')
    .summary('create, look at, configure and delete topics')
    .description(
      'Topics of a data directory that is not in use, of a server, or of a Kafka cluster.'
    )
  addTarget(topic.command('list').alias('ls'))
    .description('Lists the topics.')
    .option(
      '--all',
      'also internal topics: changelogs and the like in a data directory, __consumer_offsets of Kafka'
    )
    .addOption(outputOption(LISTS))
    .action(async (options: TopicListOptions) => finish(await (await topics()).topicList(options)))
  addTarget(topic.command('describe').alias('get'))
    .description('Shows a topic with its partitions.')
    .argument('<topic>', 'name of the topic')
    .addOption(outputOption(LISTS))
    .action(async (name: string, options: PrintOptions) =>
      finish(await (await topics()).topicDescribe(name, options))
    )
  addTopicCreate(topic, finish)
  addTarget(topic.command('delete').alias('rm'))
    .description('Deletes a topic with its records and all positions in it.')
    .argument('<topic>', 'name of the topic')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: TargetOptions & { yes?: boolean }) =>
      finish(await (await topics()).topicDelete(name, options))
    )
  addTarget(topic.command('add-partition'))
    .description('Makes a topic have more partitions; they are never removed.')
    .argument('<topic>', 'name of the topic')
    .option('-c, --count <n>', 'how many to add', wholeNumber(1, 10_000), 1)
    .action(async (name: string, options: TargetOptions & { count: number }) =>
      finish(await (await topics()).topicAddPartition(name, options))
    )
  addTarget(topic.command('config'))
    .description('Shows the configurations of a topic, or changes some.')
    .argument('<topic>', 'name of the topic')
    .option('--set <name=value>', 'a configuration as Kafka names it; repeatable', collect)
    .option('--unset <name>', 'back to the default; repeatable', collect)
    .addOption(outputOption(LISTS))
    .action(async (name: string, options: TopicConfigOptions) =>
      finish(await (await topics()).topicConfig(name, options))
    )
}

function addTopicCreate(topic: Command, finish: Finish): void {
  addTarget(topic.command('create'))
    .description('Creates a topic; in a data directory also that, if it is not there.')
    .argument('<topic>', 'name of the topic')
    .option(
      '-p, --partitions <n>',
      "how many (default: the cluster's, or 1)",
      wholeNumber(1, 10_000)
    )
    .option(
      '-r, --replication <n>',
      "copies of each partition (default: the cluster's)",
      wholeNumber(1, 100)
    )
    .option('--retention-time <duration>', 'how long records stay')
    .option('--retention-size <size>', 'bytes that a partition keeps')
    .option('--compact', 'keep the last record of each key')
    .option('--config <name=value>', 'a configuration as Kafka names it; repeatable', collect)
    .option('--if-not-exists', 'do nothing when it is there')
    .action(async (name: string, options: TopicCreateOptions) =>
      finish(await (await topics()).topicCreate(name, options))
    )
}

function addProduce(program: Command, finish: Finish): void {
  addTarget(
    program
      .command('produce')
      .summary('write lines as records')
      .description(
        'Writes each line of stdin or of a file as a record, and ends when all are acknowledged.\n' +
          'Ctrl-C sends what was read and ends.'
      )
      .argument('<topic>', 'name of the topic')
  )
    .option('-f, --file <file>', "read a file; '-' is stdin (default)")
    .option('--raw', 'the whole input is one record, byte for byte')
    .addOption(
      choice('--format <format>', 'text, or json: {"key","value","timestamp","headers"} per line', [
        'text',
        'json'
      ])
    )
    .option('-k, --key <text>', 'key of all records')
    .option('--key-separator <text>', 'in a line, what stands before the first of these is the key')
    .option('--header <name=value>', 'a header of all records; repeatable', collect)
    .option('-p, --partition <n>', 'write into this partition', wholeNumber(0, PARTITION_MAX))
    .option(
      '--types <file>',
      'take the types of key and value from this dataflow file, and check values'
    )
    .addOption(choice('--compression <codec>', 'how batches are compressed', COMPRESSIONS))
    .option('--linger <ms>', 'wait for more records before sending', wholeNumber(0, 60_000))
    .option('--batch-size <size>', 'bytes of one request')
    .addOption(choice('--delivery <semantic>', 'what happens on failures', DELIVERIES))
    .option('--rate <n>', 'records a second, at most', wholeNumber(1, 100_000_000))
    .option('-q, --quiet', 'print no progress and no summary')
    .action(async (topic: string, options: ProduceOptions) =>
      finish(await (await import('../commands/produce.ts')).produce(topic, options))
    )
}

function addConsume(program: Command, finish: Finish): void {
  const command = addTarget(
    program
      .command('consume')
      .summary('print records')
      .description(
        'Prints records of topics, and waits for more until Ctrl-C. In a group it goes on where the ' +
          'group is, shares the partitions with other members, and keeps how far it came.'
      )
      .argument('<topics...>', 'names of topics')
  )
    .option(
      '--from <position>',
      'beginning (default), end, an offset (120), from the end (-5), behind the first (+5), a time ' +
        '(2026-01-31T08:00:00Z), or how long ago (15m); in a group: where that has no position'
    )
    .option('-p, --partition <n>', 'only this one; repeatable', collectNumbers(0, PARTITION_MAX))
    .option('-d, --stop-at-end', 'stop where the topics end now')
    .option(
      '--until-offset <n>',
      'stop behind this offset',
      wholeNumber(0, Number.MAX_SAFE_INTEGER)
    )
    .option('-n, --limit <n>', 'stop after so many', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addOption(
      choice('-o, --output <format>', 'how to print records', [
        'value',
        'key',
        'json',
        'raw',
        'table'
      ]).conflicts('format')
    )
    .option(
      '--format <template>',
      'print this for each, with {{key}}, {{value}}, {{topic}}, {{partition}}, {{offset}}, {{time}}, {{timestamp}}, ' +
        '{{headers}}'
    )
    .option(
      '--filter <code>',
      'only records for which this TypeScript is true: an expression over key, value, text, headers, timestamp, ' +
        'topic, partition and offset, or a file that exports filter(record)'
    )
  addPrintedTypes(command)
    .option('-g, --group <name>', 'consume as a member of this group')
    .option('--instance <name>', 'be a static member of this name')
    .addOption(
      new Option('--delivery <semantic>', 'of a group: when positions are kept').choices([
        'at-least-once',
        'at-most-once'
      ])
    )
    .addOption(choice('--isolation <level>', 'of transactions', ['committed', 'uncommitted']))
    .option('-b, --max-bytes <size>', 'bytes of one fetch')
    .option('-q, --quiet', 'print no summary')
    .action(async (names: string[], options: ConsumeOptions) =>
      finish(await (await import('../commands/consume.ts')).consume(names, options))
    )
}

/** What says how bytes are printed. */
function addPrintedTypes(command: Command): Command {
  return command
    .option(
      '--types <file>',
      'take the types of key and value from this dataflow file, and the schema registry that it names'
    )
    .addOption(
      new Option(
        '--registry <url>',
        'print values as JSON by the schemas of this registry that their writers name'
      ).conflicts('types')
    )
    .option(
      '--registry-auth-env <name>',
      'environment variable with user:password or Bearer TOKEN for the registry'
    )
}

function addBench(program: Command, finish: Finish): void {
  const bench = program
    .command('bench')
    .summary('measure a log')
    .description('Measures how fast a log takes and gives records from this program.')
  addTarget(bench.command('produce'))
    .description(
      'Writes records and prints how many a second, with percentiles of sends. Ctrl-C stops.'
    )
    .argument('<topic>', 'name of the topic; it is created when it is not there')
    .option('--records <n>', 'how many (default: 100000)', wholeNumber(1, 1_000_000_000))
    .option('--size <size>', 'bytes of a value', '100')
    .option('--batch <n>', 'records of one send', wholeNumber(1, 100_000), 500)
    .option('--in-flight <n>', 'sends at once', wholeNumber(1, 1_000), 4)
    .option('--rate <n>', 'records a second, at most', wholeNumber(1, 100_000_000))
    .option('--partitions <n>', 'of a topic that is created', wholeNumber(1, 10_000), 1)
    .addOption(choice('--compression <codec>', 'how batches are compressed', COMPRESSIONS))
    .addOption(choice('--delivery <semantic>', 'what happens on failures', DELIVERIES))
    .addOption(outputOption(LISTS))
    .action(async (topic: string, options: BenchProduceOptions) =>
      finish(await (await import('../commands/bench.ts')).benchProduce(topic, options))
    )
  addTarget(bench.command('consume'))
    .description(
      'Reads what a topic has and prints how many a second, with percentiles of batches.'
    )
    .argument('<topic>', 'name of the topic')
    .option('--records <n>', 'at most (default: all)', wholeNumber(1, 1_000_000_000))
    .addOption(choice('--isolation <level>', 'of transactions', ['committed', 'uncommitted']))
    .option('--max-bytes <size>', 'bytes of one fetch')
    .addOption(outputOption(LISTS))
    .action(async (topic: string, options: BenchConsumeOptions) =>
      finish(await (await import('../commands/bench.ts')).benchConsume(topic, options))
    )
}
