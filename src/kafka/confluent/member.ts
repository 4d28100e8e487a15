import type { KafkaMember, MemberOptions, Place } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { closed, constructed, createHandle } from './handle.ts'
import type { Library, LibraryConsumer, LibraryError, LibraryPlace, LibrarySettings } from './library.ts'
import { createReader, readerDefaults, readerSettings, readerTopicSettings } from './reader.ts'

/** The code that the library calls with for new partitions; any other takes some away. */
const assignPartitions = -175
const timedOut = -185
/** In place of an offset. */
const logEnd = -1

/** The group waits until this is answered, with exactly one call; one of no partitions too. */
interface Rebalance {
  readonly isAssignment: boolean
  readonly places: readonly Place[]
}

export interface OpenMember {
  readonly member: KafkaMember
  readonly native: LibraryConsumer
}

/** Joins a group; it is in it when `assigned` has been called, by a poll. */
export async function openMember(
  library: Library,
  shared: LibrarySettings,
  brokers: string,
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

  /** Answers the first one, if nobody has done so meanwhile. */
  function settle(rebalance: Rebalance): void {
    if (due[0] !== rebalance) return
    due.shift()
    const { isAssignment, places } = rebalance
    if (!isAssignment) {
      reader.drop(places)
      handle.callNow('giving partitions up', () => native.incrementalUnassign(places))
      return
    }
    reader.add(places)
    // From the end, which is always there: the first records may be deleted, and a fetch may be on its way before it is
    // paused. It is sought before it is resumed.
    handle.callNow('taking partitions', () =>
      native.incrementalAssign(places.map((place) => ({ ...place, offset: logEnd }))),
    )
    if (places.length > 0) reader.pause(places)
  }

  async function answer(): Promise<void> {
    for (let rebalance = due[0]; rebalance !== undefined && !isClosing; rebalance = due[0]) {
      const { isAssignment, places } = rebalance
      if (isAssignment) {
        settle(rebalance)
        if (places.length > 0) assigned(places)
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
    async committed(places, limit) {
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
    },
    async commitOffsets(offsets, limit) {
      await handle.call(`committing offsets of ${group}`, limit, (_, done) => native.commitCb(offsets, done))
    },
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

function memberSettings({ client, group, sessionTimeout, protocol }: MemberOptions): LibrarySettings {
  const own = { 'client.id': client, 'group.id': group, 'group.protocol': protocol }
  // Under the new protocol the broker says how long a session is, and the client refuses to be told.
  if (protocol === 'consumer') return own
  return {
    ...own,
    'partition.assignment.strategy': 'cooperative-sticky',
    'session.timeout.ms': sessionTimeout,
    'heartbeat.interval.ms': Math.max(100, Math.min(3_000, Math.round(sessionTimeout / 6))),
    'max.poll.interval.ms': Math.max(300_000, sessionTimeout),
  }
}
