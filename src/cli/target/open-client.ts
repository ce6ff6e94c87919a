// The client of a command: opened by its options, closed at its end, with names that are nearly right told.
import { isMillraceError, MillraceError } from '../../base/index.ts'
import type { Client, Profile } from '../../client/index.ts'
import { nearestWord } from '../../dataflow/index.ts'
import { withGrant } from './grant.ts'
import { note } from '../output/output.ts'
import { atProfile, chosenProfile } from './target.ts'
import { type TargetOptions } from '../options/target-options.ts'

/** How a command opens its log. */
export interface OpenOptions {
  /** Makes a data directory that is not there. Default false. */
  readonly mayCreate?: boolean
  /** The command only looks, so the data directory may be on a read-only volume. Default false. */
  readonly isLooking?: boolean
  /** What the command does with the topics that it names. Default `describe`. */
  readonly right?: 'read' | 'write'
}

/**
 * Gives the client of the log that the options choose to `action`, and closes it.
 * @throws USAGE a topic or group is not there, with the nearest one that is · and what clients throw
 */
export async function withClient<T>(
  options: TargetOptions,
  action: (client: Client) => Promise<T>,
  { mayCreate = false, isLooking = false, right }: OpenOptions = {}
): Promise<T> {
  const chosen = await chosenProfile(options)
  const done = opened(chosen.profile, action, { mayCreate, isLooking }).catch(
    async (error: unknown) => {
      throw await withGrant(error, chosen.profile, right)
    }
  )
  return await atProfile(chosen, done)
}

async function opened<T>(
  profile: Profile,
  action: (client: Client) => Promise<T>,
  { mayCreate, isLooking }: Required<Omit<OpenOptions, 'right'>>
): Promise<T> {
  const { connect } = await import('../../client/index.ts')
  const client = await connect(profile, {
    mustExist: !mayCreate,
    ...(isLooking ? { onUnlocked: note } : {})
  }).catch((error: unknown) => {
    throw withServer(error)
  })
  try {
    return await action(client)
  } catch (error) {
    throw await withNearest(client, error)
  } finally {
    await client.close()
  }
}

/** Who has a data directory open may be a server, which commands reach by its address. */
function withServer(error: unknown): unknown {
  if (!isMillraceError(error, 'LOG_LOCKED')) return error
  const hint = 'where that is a server, name its address with --bootstrap, or a profile'
  return new MillraceError(error.code, `${error.message}; ${hint}`, { cause: error })
}

/** An error about a name that is not there, with the nearest one that is. */
async function withNearest(client: Client, error: unknown): Promise<unknown> {
  if (isMillraceError(error, 'TOPIC_UNKNOWN')) {
    return await unknown('topic', error, async () => {
      const topics = await client.admin.topics({ internal: true })
      return topics.map(topic => topic.name)
    })
  }
  if (isMillraceError(error, 'GROUP_UNKNOWN')) {
    return await unknown('group', error, async () => {
      const groups = await client.admin.groups()
      return groups.map(group => group.name)
    })
  }
  return error
}

async function unknown(
  noun: string,
  error: MillraceError,
  names: () => Promise<readonly string[]>
): Promise<MillraceError> {
  const name = error.details[noun]
  if (typeof name !== 'string') return error
  const nearest = nearestWord(name, await names().catch(() => []))
  if (nearest === null || nearest === name) return error
  return new MillraceError('USAGE', `no ${noun} is called "${name}"; did you mean "${nearest}"?`, {
    cause: error
  })
}
