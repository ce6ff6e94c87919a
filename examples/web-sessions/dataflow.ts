// Visits of a web site, in sessions that end with half an hour of silence: the dataflow of dataflow.yaml as code.
import { type Dataflow, dataflow, from, merge, session, t, topic } from 'millrace/dataflow'

const hit = t.object('hit', {
  visitor: t.string,
  path: t.string,
  status: t.u16,
  bytes: t.u32,
  at: t.timestamp
})
const visit = t.object('visit', {
  visitor: t.string,
  from: t.timestamp,
  until: t.timestamp,
  pages: t.u32,
  bytes: t.u64,
  entry: t.string,
  exit: t.string
})

const hits = from(topic('access-log', t.string))
  .typed(hit)
  .map(function parse(line) {
    const match =
      /^(\S+) \S+ \S+ \[(\d+)\/(\w+)\/(\d+):([\d:]+) ([+-]\d\d)(\d\d)\] "\S+ (\S+) [^"]*" (\d+) (\d+|-)/.exec(
        line
      )
    if (match === null) throw new Error('no line of an access log')
    const [, visitor = '', day, month, year, time, hours, minutes, path = '', status, bytes] = match
    const date = `${day} ${month} ${year} ${time} ${hours}${minutes}`
    return {
      visitor,
      path: path.replace(/\?.*/, ''),
      status: Number(status),
      bytes: bytes === '-' ? 0 : Number(bytes),
      at: Date.parse(date)
    }
  })

const visits = merge(hits)
  .filter(function isPage(hit) {
    return hit.status < 400 && !/\.(?:css|js|png|ico)$/.test(hit.path)
  })
  .window(session('30m'), {
    watermark: { outOfOrderness: '1m', idleness: '5m' },
    timestamp: 'at',
    late: topic('late-hits', hit)
  })
  .keyBy('visitor')
  .aggregate(of => ({
    visitor: of.key(),
    from: of.min('at'),
    until: of.max('at'),
    pages: of.count(),
    bytes: of.sum('bytes'),
    entry: of.first('path'),
    exit: of.last('path')
  }))
  .to(topic('visits', { key: t.string, value: visit }))

export const flow: Dataflow = dataflow('web-sessions', {
  namespace: 'examples',
  version: '0.1.0'
}).service('visits', visits)
