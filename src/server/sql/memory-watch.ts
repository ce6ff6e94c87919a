// A thread that ends its process when that takes too much memory: SQLite holds up the thread that asks it, and Node's
// build of it bounds no memory by itself (`hard_heap_limit` has no effect there).
import { workerData } from 'node:worker_threads'

/** Allocating a page costs so much that little comes between two looks. */
const LOOK_MS = 10

/** The bound in bytes; 0 for none. Shared with the thread that asks. */
const bound = workerData as Float64Array

setInterval(() => {
  const bytesMax = bound[0]!
  if (bytesMax > 0 && process.memoryUsage.rss() > bytesMax) process.kill(process.pid, 'SIGKILL')
}, LOOK_MS)
