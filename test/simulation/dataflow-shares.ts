// How many seeds share the operations of the reference dataflow between them.

/** A seed takes every so manieth operation: so many seeds in a row take all of them. */
export const SHARES = 4
