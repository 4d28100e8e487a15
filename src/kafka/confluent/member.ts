import { systemClock } from '../../base/clock.ts'
import type { KafkaMember, MemberOptions, Place } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { closed, constructed, createHandle, type Handle } from './handle.ts'
import type { Library, LibraryConsumer, LibraryError, LibraryPlace, LibrarySettings } from './library.ts'
import { createReader, readerDefaults, readerSettings, readerTopicSettings } from './reader.ts'

/** The code that the library calls with for new partitions; any other takes some away. */
const assignPartitions = -175
const timedOut = -185
/** In ms: how long the first offsets of new partitions are asked for. */
const longestLooking = 5_000
/** In ms: between two polls, which a member that is alive makes each second also while its pipeline is held. */
const longestPause = 60_000

/** The group waits until this is answered, with exactly one call; one of no partitions too. */
interface Rebalance {
  readonly isAssignment: boolean
  readonly places: readonly Place[]
}

export interface OpenMember {
  readonly member: KafkaMember
  readonly native: LibraryConsumer
}

export interface MemberParts {
  readonly library: Library
  readonly shared: LibrarySettings
  readonly brokers: string
  /** The first offsets of places. */
  readonly firstOffsets: (places: readonly Place[], timeout: number) => Promise<readonly number[]>
}

/** Joins a group; it is in it when `assigned` has been called, by a poll. */
export async function openMember(
  { library, shared, brokers, firstOffsets }: MemberParts,
  options: MemberOptions,
  timeout: number,
): Promise<OpenMember> {
  const { group, topics, assigned, revoked, lost } = options
  /** Not answered yet, the first one being answered now perhaps. */
  const due: Rebalance[] = []
  let isClosing = false

  const own = { ...readerSettings('committed'), ...memberSettings(options), rebalance_cb: onRebalance }
  const settings = { ...readerDefaults, ...shared, ...own }
  const native = constructed(() => new library.KafkaConsumer(settings, readerTopicSettings))
  const handle = createHandle(native, brokers)
  const reader = createReader({ native, handle, answer, isDue: () => due.length > 0 })

  function onRebalance(error: LibraryError | undefined, places: readonly LibraryPlace[]): void {
    due.push({
      isAssignment: error?.code === assignPartitions,
      places: places.map(({ topic, partition }) => ({ topic, partition })),
    })
    if (isClosing) answerAll()
  }

  /** Answers the first one, if nobody has done so meanwhile; tells whether it did. */
  function settle(rebalance: Rebalance, lows: readonly number[] = []): boolean {
    if (due[0] !== rebalance) return false
    due.shift()
    const { isAssignment, places } = rebalance
    if (!isAssignment) {
      reader.drop(places)
      handle.callNow('giving partitions up', () => native.incrementalUnassign(places))
      return true
    }
    reader.add(places)
    // It is paused, and sought before it is resumed. But something may be fetched before that: from an offset that is
    // there, not from what is committed, which may be pending, and not from one that the library has to look up: what
    // it finds may come after the seek, and stand instead of it.
    handle.callNow('taking partitions', () =>
      native.incrementalAssign(places.map((place, at) => ({ ...place, offset: lows[at] ?? 0 }))),
    )
    if (places.length > 0) reader.pause(places)
    return true
  }

  async function answer(): Promise<void> {
    for (let rebalance = due[0]; rebalance !== undefined && !isClosing; rebalance = due[0]) {
      const { isAssignment, places } = rebalance
      if (isAssignment) {
        const lows = places.length === 0 ? [] : await firstOffsets(places, longestLooking).catch(() => [])
        if (settle(rebalance, lows) && places.length > 0) assigned(places)
        continue
      }
      try {
        if (places.length === 0) continue
        if (native.assignmentLost()) lost(places)
        else await revoked(places)
      } finally {
        settle(rebalance)
      }
    }
  }

  /** While it is being closed nobody is asked any more. */
  function answerAll(): void {
    for (let rebalance = due[0]; rebalance !== undefined; rebalance = due[0]) {
      try {
        settle(rebalance)
      } catch {
        // it is not connected any more, and nobody waits for the answer
      }
    }
  }

  const close = async (limit: number): Promise<void> => {
    isClosing = true
    answerAll()
    await reader.close(limit)
  }
  const member: KafkaMember = {
    ...reader,
    close,
    ...createCommitted(handle, native, group),
  }

  try {
    await handle.connect(timeout)
    handle.callNow(`subscribing to ${topics.join(', ')}`, () => native.subscribe(topics))
  } catch (error) {
    void closed(1_000, (done) => native.disconnect(done))
    throw error
  }
  return { member, native }
}

/** What is committed in the name of a member's group. */
function createCommitted(
  handle: Handle,
  native: LibraryConsumer,
  group: string,
): Pick<KafkaMember, 'committed' | 'commitOffsets'> {
  const committed: KafkaMember['committed'] = async (places, limit) => {
    const what = `the committed offsets of ${group}`
    const probing = Math.min(1_000, limit / 4)
    try {
      const found = await handle.call<readonly LibraryPlace[]>(what, limit - probing, (left, done) =>
        native.committed(places, left, done),
      )
      const offsets = new Map(found.map((place) => [`${place.topic} ${place.partition}`, place.offset]))
      return places.map(({ topic, partition }) => {
        const offset = offsets.get(`${topic} ${partition}`)
        return offset === undefined || offset < 0 ? undefined : offset
      })
    } catch (error) {
      if (!(error instanceof KafkaError) || error.number !== timedOut) throw error
      // It asks again and again while an offset is pending, and then says the same as where nobody answers.
      await handle.probe(probing)
      throw new KafkaError('pending', `${what} are part of an open transaction`, timedOut, error)
    }
  }
  return {
    committed,
    async commitOffsets(offsets, limit) {
      const end = systemClock.elapsed() + limit
      await handle.call(`committing offsets of ${group}`, limit, (_, done) => native.commitCb(offsets, done))
      // The library says so when it has asked for it, and never whether it was done. But who is asked that on the same
      // connection answers it afterwards.
      const found = await committed(offsets, Math.max(1, end - systemClock.elapsed()))
      if (offsets.some(({ offset }, at) => found[at] !== offset)) {
        throw new KafkaError('abort', `the offsets of ${group} were not committed`)
      }
    },
  }
}

function memberSettings({ client, group, sessionTimeout, protocol }: MemberOptions): LibrarySettings {
  const own = { 'client.id': client, 'group.id': group, 'group.protocol': protocol }
  // Under the new protocol the broker says how long a session is, and the client refuses to be told.
  if (protocol === 'consumer') return own
  return {
    ...own,
    'partition.assignment.strategy': 'cooperative-sticky',
    'session.timeout.ms': sessionTimeout,
    // That places are to be divided anew is said in the answer to one: all wait for who hears of it last.
    'heartbeat.interval.ms': Math.max(100, Math.min(3_000, Math.round(sessionTimeout / 20))),
    // So long a group waits at most, when it divides places anew, for a member that does not come.
    'max.poll.interval.ms': Math.max(longestPause, 2 * sessionTimeout),
  }
}
