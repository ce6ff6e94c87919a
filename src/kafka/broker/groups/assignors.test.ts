// How partitions are shared out, over random groups.
import { deepStrictEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom } from '../../../base/index.ts'
import {
  assignRange,
  assignUniform,
  electAssignor,
  type AssignedMember,
  type Assignment
} from './assignors.ts'
import { parseTopicPattern } from './topic-pattern.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)
const NOTHING: Assignment = new Map()

function randomGroup(random: SeededRandom): {
  readonly members: AssignedMember[]
  readonly topics: Map<string, number>
} {
  const names = ['a', 'b', 'c', 'd'].slice(0, 1 + random.below(4))
  const topics = new Map(names.map(name => [name, random.below(9)]))
  const isSame = random.below(2) === 0
  const members = Array.from({ length: 1 + random.below(6) }, (_, index) => {
    const wanted = names.filter(() => isSame || random.below(3) > 0)
    return { id: `m${index}`, topics: new Set(wanted), before: NOTHING }
  })
  return { members, topics }
}

const sizeOf = (assignment: Assignment): number =>
  [...assignment.values()].reduce((sum, partitions) => sum + partitions.length, 0)

for (const [name, assign] of [
  ['range', assignRange],
  ['uniform', assignUniform]
] as const) {
  test(`${name} gives each partition to one member that wants it (seed ${SEED})`, () => {
    const random = new SeededRandom(SEED)
    for (let round = 0; round < 500; round++) {
      const { members, topics } = randomGroup(random)
      const assigned = assign(members, topics)
      for (const [topic, count] of topics) {
        const takers = members.filter(member => member.topics.has(topic))
        const given = members.flatMap(({ id }) => assigned.get(id)!.get(topic) ?? [])
        const wanted = takers.length === 0 ? [] : Array.from({ length: count }, (_, at) => at)
        deepStrictEqual(
          given.toSorted((a, b) => a - b),
          wanted
        )
        for (const { id, topics: own } of members) {
          ok(own.has(topic) || !assigned.get(id)!.has(topic))
        }
      }
    }
  })
}

test(`uniform is even where all want the same, and moves as little as it must (seed ${SEED})`, () => {
  const random = new SeededRandom(SEED)
  for (let round = 0; round < 300; round++) {
    const count = 1 + random.below(20)
    const topics = new Map([['t', count]])
    const wanted = new Set(['t'])
    const size = 1 + random.below(5)
    const members = Array.from({ length: size }, (_, index) => {
      return { id: `m${index}`, topics: wanted, before: NOTHING }
    })
    const first = assignUniform(members, topics)
    const sizes = [...first.values()].map(sizeOf)
    ok(Math.max(...sizes) - Math.min(...sizes) <= 1)
    const grown = [
      ...members.map(member => ({ ...member, before: first.get(member.id)! })),
      { id: 'z', topics: wanted, before: NOTHING }
    ]
    const second = assignUniform(grown, topics)
    const moved = members.reduce((sum, { id }) => {
      const kept = (second.get(id)!.get('t') ?? []).filter(each =>
        first.get(id)!.get('t')?.includes(each)
      )
      return sum + sizeOf(first.get(id)!) - kept.length
    }, 0)
    ok(moved <= Math.ceil(count / (size + 1)), `${moved} of ${count} moved for ${size} + 1`)
  }
})

test('the assignor that most ask for is taken', () => {
  deepStrictEqual(electAssignor([null, 'range', 'range', 'uniform']), 'range')
  deepStrictEqual(electAssignor([null, null]), 'uniform')
})

test('patterns match whole names, as regular expressions do', () => {
  const patterns = [
    'a.*',
    'a|bc',
    '(a|b)+c?',
    '[^x-z]{2,3}',
    'a\\.b',
    '\\w+-\\d*',
    '^t$',
    'x{2}',
    'a?b'
  ]
  const names = ['', 'a', 'abc', 'bc', 'ab', 'a.b', 'topic-12', 't', 'xx', 'b', 'yz', 'aXb', 'abab']
  for (const pattern of patterns) {
    const matches = parseTopicPattern(pattern)
    const expected = new RegExp(`^(?:${pattern})$`)
    for (const name of names)
      deepStrictEqual(matches(name), expected.test(name), `${pattern} ${name}`)
  }
})

test('a pattern that would keep others trying for years is answered at once', () => {
  const matches = parseTopicPattern('(a|a)*(a*)*(a+)+b')
  deepStrictEqual(matches('a'.repeat(249)), false)
  for (const wrong of ['(', '[a', 'a{1000}', '(?=a)', '\\1', '*', 'a)']) {
    let isRefused = false
    try {
      parseTopicPattern(wrong)
    } catch {
      isRefused = true
    }
    ok(isRefused, wrong)
  }
})
