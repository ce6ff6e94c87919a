// The counter of the bench beside Restate as a function of `millrace run`: answers whoever asks over HTTP.
// It writes into the file that BENCH_DONE names how many messages it has done, every thousand.
import { writeFileSync } from 'node:fs'
import {
  intType,
  messageTo,
  statefulFunction,
  valueSpec,
  type StatefulFunction
} from 'millrace/functions'

const file = process.env['BENCH_DONE']!
let done = 0

export const counter: StatefulFunction = statefulFunction({
  typename: 'bench/counter',
  specs: [valueSpec({ name: 'count', type: intType })],
  handler(context) {
    const { storage, caller } = context
    const count = (storage.count.get() ?? 0) + 1
    storage.count.set(count)
    if (++done % 1_000 === 0) writeFileSync(file, String(done))
    if (caller !== null) context.send(messageTo(caller, count, intType))
  }
})
