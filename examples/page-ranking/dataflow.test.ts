// Tests of the ranking with the test kit: SQL over a window and another service's state, and over a crash.
import { deepStrictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { TestDataflow } from 'millrace/testing'
import { flow } from './dataflow.ts'

const view = (path: string, at: number) => ({ path, visitor: 'x', at })

test('a window that was open at a crash is ranked whole', async () => {
  await using kit = await TestDataflow.open(flow, { now: 100_000 })
  await kit.feed('pages', [{ path: '/a', title: 'Apples', section: 'fruit' }])
  await kit.feed('views', [view('/a', 1_000), view('/b', 2_000)])
  kit.crash()
  await kit.recover()
  await kit.feed('views', [view('/a', 3_000)])
  deepStrictEqual(await kit.windows('views-per-page'), [
    { key: '/a', value: 2, window: { start: 0, end: 10_000 } },
    { key: '/b', value: 1, window: { start: 0, end: 10_000 } }
  ])
  await kit.endEventTime()
  deepStrictEqual(await kit.take('rankings'), [
    {
      from: 0,
      pages: [
        { title: 'Apples', views: 2 },
        { title: '/b', views: 1 }
      ]
    }
  ])
  deepStrictEqual(await kit.windows('views-per-page'), [])
  deepStrictEqual((await kit.state('total-views')).get('/a'), 2)
})
