// What the first signal says while a stop takes long.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StopSignals } from './stop-signals.ts'

test('a stop that takes a second says how not to wait; a quick one says nothing', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const written = t.mock.method(process.stderr, 'write', () => true)
  for (const isQuick of [true, false]) {
    const signals = new StopSignals()
    process.emit('SIGINT', 'SIGINT')
    await signals.first
    if (isQuick) signals.release()
    t.mock.timers.tick(1000)
    signals.release()
  }
  const texts = written.mock.calls.map(call => String(call.arguments[0]))
  written.mock.restore()
  assert.deepEqual(texts, ['stopping; Ctrl-C again ends at once\n'])
})
