// A thread that ends its process when that takes too much memory, or when the run that asked is gone: SQLite holds up
// the thread that asks it, and Node's build of it bounds no memory by itself (`hard_heap_limit` has no effect there).
import { workerData } from 'node:worker_threads'

/** Allocating a page costs so much that little comes between two looks. */
const LOOK_MS = 10

/** The bound in bytes; 0 for none. Shared with the thread that asks. */
const bound = workerData as Float64Array

/** The run; another number once it has died. */
const parent = process.ppid

setInterval(() => {
  const bytesMax = bound[0]!
  // Between queries the process hears itself that the run is gone.
  if (bytesMax === 0) return
  const isTooLarge = process.memoryUsage.rss() > bytesMax
  if (isTooLarge || process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, LOOK_MS)
