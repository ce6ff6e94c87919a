// What the figures of Nexmark say: printed below them in bench/RESULTS.md.

/** Whole sentences. */
export const NOTES: readonly string[] = []
