// What the figures of Nexmark say: printed below them in bench/RESULTS.md.

/** Whole sentences. */
export const NOTES: readonly string[] = [
  'Binary input is a topic of raw `bytes`: the record has its numbers at fixed places ' +
    '(bench/nexmark/layout.ts), and a function reads those that it needs. No object is made of a ' +
    'record, which is why filters are cheaper than with a schema.',
  'Rows of q4, q9 and q18 replace those before under the same key. Windows give their rows once, ' +
    'when they close; so do q15, q16 and q17, whose window is the day. q1 rounds down to whole cents.',
  'Where the time goes (profile): all queries pay for copying a record’s bytes out of what was ' +
    'read, a twentieth to a tenth. q11 is furthest from its loop because the list of a key’s ' +
    'sessions is a state, written anew with each record (a quarter of its time); the loop only ' +
    'moves a number. q5 and q12 pay for noting how to take back what a function wrote and for ' +
    'marking entries for the next commit (a tenth together), q12 also for asking the clock (7 %). ' +
    'q18 keeps an entry for nearly every bid and q16 two texts for each in sets of their own: ' +
    'most of their time goes into finding keys in large maps, collecting, and writing them to ' +
    'the log and the store, and their loops are slow for the same reason.',
  'Before the first figures a profile led to two changes: reading `bytes` (a copy of its own for ' +
    'each record took 1 µs, in slabs 0.13 µs) and writing them (a copy to check them: q1 took twice ' +
    'the time).'
]
