// The functions of the crash test that run inside `millrace run`: one that never waits, one that does.
import type { StatefulFunction } from 'millrace/functions'
import { interpreter } from './interpreters.ts'

export const local: StatefulFunction = interpreter('local')
export const waiting: StatefulFunction = interpreter('waiting')
