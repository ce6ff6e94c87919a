// Dataflows end to end on the log in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Bench,
  object,
  partition,
  plan,
  service,
  state,
  step,
  string,
  topic,
  u32
} from './test-kit.ts'

const wordCount = plan(
  [topic('sentences'), topic('counts', object('word-count', { word: string, count: u32 }))],
  [
    service('count', {
      sources: ['sentences'],
      states: [state('countPerWord', string, u32)],
      steps: [
        step(
          'flat-map',
          'function splitWords(sentence) { return sentence.toLowerCase().match(/\\w+/g) ?? [] }'
        )
      ],
      partition: partition(
        step('assign-key', 'function byWord(word) { return word }', {
          input: string,
          output: string
        }),
        step(
          'update-state',
          `function countUp(word, ctx) {
          const count = ctx.state.countPerWord.update(n => n + 1)
          return { word, count }
        }`
        )
      ),
      sinks: ['counts']
    })
  ],
  'word-count'
)

test('counts words end to end', async () => {
  const bench = new Bench()
  await bench.createTopics(wordCount)
  await bench.feed('sentences', ['The cat and the hat', 'the end'])
  const running = await bench.drain(wordCount)
  assert.equal(running.status, 'stopped')
  const counts = await bench.read('counts')
  assert.deepEqual(
    counts.map(line => [line.key, JSON.parse(line.value!)]),
    [
      ['the', { word: 'the', count: 1 }],
      ['cat', { word: 'cat', count: 1 }],
      ['and', { word: 'and', count: 1 }],
      ['the', { word: 'the', count: 2 }],
      ['hat', { word: 'hat', count: 1 }],
      ['the', { word: 'the', count: 3 }],
      ['end', { word: 'end', count: 1 }]
    ]
  )
})
