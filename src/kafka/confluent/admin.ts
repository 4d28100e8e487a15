import { systemClock } from '../../base/clock.ts'
import type { GroupMember } from '../client.ts'
import { failureOf } from './failure.ts'
import { closed, constructed, createHandle } from './handle.ts'
import type { Library, LibraryDescriptions, LibraryGroups, LibrarySettings } from './library.ts'
import { createOffsets, type Offsets } from './offsets.ts'
import { createTopics, type Topics } from './topics.ts'

/** The state of a group that is there no more. */
const deadGroup = 4

/** What belongs to no reader and no producer, on a connection of its own. */
export interface Admin extends Topics, Offsets {
  members(group: string, timeout: number): Promise<GroupMember[]>
  close(timeout: number): Promise<void>
}

export async function openAdmin(
  library: Library,
  shared: LibrarySettings,
  brokers: string,
  timeout: number,
): Promise<Admin> {
  // Not an admin handle of its own: those connect without saying so, and their closing blocks the process.
  const native = constructed(() => new library.Producer({ ...shared, event_cb: true }, {}))
  const handle = createHandle(native, brokers)
  try {
    await handle.connect(timeout)
  } catch (error) {
    void closed(1_000, (done) => native.disconnect(1, done))
    throw error
  }
  const admin = library.AdminClient.createFrom(native)

  return {
    ...createTopics(handle, admin),
    ...createOffsets(handle, admin),
    async members(group, timeout) {
      const end = systemClock.elapsed() + timeout
      const what = `looking up the members of ${group}`
      const { groups: known, errors = [] } = await handle.call<LibraryGroups>(what, timeout, (limit, done) =>
        admin.listGroups({ timeout: limit }, done),
      )
      for (const error of errors) throw handle.failure(what, error)
      // The library kills the process where it has to describe a group that it gets an error for. So it is asked only
      // for those that are there, right after the broker has said so.
      if (!known.some(({ groupId, state }) => groupId === group && state !== deadGroup)) return []
      const { groups } = await handle.call<LibraryDescriptions>(
        what,
        Math.max(1, end - systemClock.elapsed()),
        (limit, done) => admin.describeGroups([group], { timeout: limit }, done),
      )
      const [found] = groups
      if (found?.error !== undefined) throw failureOf(`group ${group}`, found.error)
      return (found?.members ?? []).map(({ clientId, assignment }) => ({
        client: clientId,
        places: (assignment?.topicPartitions ?? []).map(({ topic, partition }) => ({ topic, partition })),
      }))
    },
    close: (timeout) => closed(timeout, (done) => native.disconnect(1, done)),
  }
}
