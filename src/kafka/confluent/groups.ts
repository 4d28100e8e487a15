import { systemClock } from '../../base/clock.ts'
import type { GroupMember, PlaceAt } from '../client.ts'
import { failureOf } from './failure.ts'
import type { Handle } from './handle.ts'
import type { LibraryAdmin, LibraryDescriptions, LibraryGroup, LibraryGroupOffsets, LibraryGroups } from './library.ts'
import { repeated, unlessDone } from './repeated.ts'

/** The state of a group that is there no more. */
const deadGroup = 4

export interface Groups {
  members(group: string, timeout: number): Promise<GroupMember[]>
  groups(timeout: number): Promise<string[]>
  committedOf(group: string, timeout: number): Promise<PlaceAt[]>
  deleteGroups(groups: readonly string[], timeout: number): Promise<void>
}

export function createGroups(handle: Handle, admin: LibraryAdmin): Groups {
  const known = async (what: string, timeout: number): Promise<string[]> => {
    const { groups, errors = [] } = await handle.call<LibraryGroups>(what, timeout, (limit, done) =>
      admin.listGroups({ timeout: limit }, done),
    )
    for (const error of errors) throw handle.failure(what, error)
    return groups.flatMap(({ groupId, state }) => (state === deadGroup ? [] : [groupId]))
  }

  return {
    groups: (timeout) => repeated(timeout, (left) => known('listing groups', left)),
    async members(group, timeout) {
      const end = systemClock.elapsed() + timeout
      const what = `looking up the members of ${group}`
      // The library kills the process where it has to describe a group that it gets an error for. So it is asked only
      // for those that are there, right after the broker has said so.
      if (!(await repeated(timeout, (left) => known(what, left))).includes(group)) return []
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
    committedOf: (group, timeout) =>
      repeated(timeout, async (left) => {
        const what = `the committed offsets of ${group}`
        const [found] = await handle.call<readonly LibraryGroupOffsets[]>(what, left, (limit, done) =>
          admin.listConsumerGroupOffsets([{ groupId: group }], { timeout: limit, requireStableOffsets: false }, done),
        )
        if (found?.error !== undefined) throw failureOf(what, found.error)
        return (found?.partitions ?? []).flatMap(({ topic, partition, offset }) =>
          offset !== undefined && offset >= 0 ? [{ topic, partition, offset }] : [],
        )
      }),
    async deleteGroups(groups, timeout) {
      const remove = (group: string): Promise<void> =>
        repeated(timeout, async (left, isFirst) => {
          const what = `deleting group ${group}`
          const [report] = await handle.call<readonly LibraryGroup[]>(what, left, (limit, done) =>
            admin.deleteGroups([group], { timeout: limit }, done),
          )
          if (report?.error !== undefined) unlessDone(isFirst)(failureOf(what, report.error))
        })
      await Promise.all(groups.map(remove))
    },
  }
}
