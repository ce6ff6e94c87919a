// The route of server-sent events: a topic's records as they become durable, from any position on.
//
//   E1  The id of an event is the position behind it, so that a browser that connects anew goes on there. In topics of
//       more than 64 partitions only the last record of a reading has one; then some may come again.
import { HttpError } from '../../errors.ts'
import { EndlessAnswer } from '../endless-answer.ts'
import type { ApiHost } from '../host.ts'
import { ownTopic } from '../own-topic.ts'
import type { ApiRequest } from '../request.ts'
import { READ_PARAMETERS, readRequest } from '../records/read-options.ts'
import { TopicFollower } from '../records/reader.ts'
import { API, inPath, needs } from '../route.ts'
import type { ApiAnswer, ApiRoute } from '../route.ts'

/** Between two signs of life, ms. */
const ALIVE_MS = 15_000
const TAKE = { recordsMax: 500, bytesMax: 256 * 1024 }
const IDS_PARTITIONS_MAX = 64

async function follow(request: ApiRequest, host: ApiHost): Promise<ApiAnswer | null> {
  const topic = request.named('topic')
  await ownTopic(host, topic)
  const lastEventId = request.text('Last-Event-ID')
  const isPosition = lastEventId !== null && /^\d+:\d+(,\d+:\d+)*$/.test(lastEventId)
  if (lastEventId !== null && lastEventId !== '' && !isPosition) {
    throw new HttpError(
      400,
      'PARAMETER_INVALID',
      'the Last-Event-ID is no position; expected one as 0:16,1:20'
    )
  }
  const wanted = readRequest(request, host, topic, isPosition ? lastEventId : null)
  const follower = await TopicFollower.open(host.log, wanted)
  const answer = new EndlessAnswer(request, host.clock, 'text/event-stream')
  try {
    await answer.send('retry: 1000\n\n')
    await stream(answer, follower, request, host)
  } catch (error) {
    // The head is gone: what went wrong can only be seen as an end.
    if (!request.signal.aborted)
      host.onProblem(`events of ${topic} ended: ${(error as Error).message}`)
  }
  answer.end()
  return null
}

async function stream(
  answer: EndlessAnswer,
  follower: TopicFollower,
  { signal }: ApiRequest,
  { log, clock }: ApiHost
): Promise<void> {
  const hasIds = follower.partitions <= IDS_PARTITIONS_MAX
  while (!signal.aborted) {
    let text = ''
    const records = await follower.take(TAKE, ({ json }) => {
      text += `${hasIds ? `id: ${follower.position}\n` : ''}data: ${json}\n\n`
    })
    if (records > 0 && !hasIds)
      text += `id: ${follower.position}\nevent: position\ndata: ${records}\n\n`
    if (records === 0) {
      const quiet = new AbortController()
      const timer = clock.timer(ALIVE_MS, () => quiet.abort())
      try {
        await log.wait(follower.waiting, AbortSignal.any([signal, quiet.signal]))
      } catch (error) {
        if (!signal.aborted && !quiet.signal.aborted) throw error
        text = ': \n\n'
      } finally {
        timer.cancel()
      }
    }
    await answer.send(text)
  }
}

/** The route. */
export const EVENT_ROUTES: readonly ApiRoute[] = [
  {
    method: 'GET',
    path: `${API}/topics/{topic}/events`,
    id: 'streamRecords',
    tag: 'records',
    summary: 'Follow records as server-sent events',
    description:
      'Each event is a record as JSON; its id is the position behind it, so that an EventSource goes on where it was.',
    parameters: [
      inPath('topic', 'Name of the topic.'),
      ...READ_PARAMETERS,
      {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'Where to go on; browsers send it by themselves. Counts before all others.',
        schema: { type: 'string' }
      }
    ],
    answers: {
      200: {
        description: 'Events without an end.',
        content: { 'text/event-stream': { type: 'string' } }
      }
    },
    access: needs('read', 'topic', 'topic'),
    handle: follow
  }
]
