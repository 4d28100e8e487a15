import type { Place } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import { idOf } from '../../../kafka/place.ts'
import { shareOut } from './assignor.ts'
import { placesOf, unknownMember, type Group, type GroupOptions, type Joining } from './group.ts'
import { createSessions } from './sessions.ts'

/**
 * A group of the new protocol (KIP-848): the broker says to each member what it shall have, and gives a place to the
 * next one when the one before has let go of it. Nobody waits for anybody else.
 */
export interface ConsumerGroup extends Group {
  /** Gives the id of a new member. */
  join(joining: Joining): string
  /** A member says what it has, and is told what it shall have: less, before it is more. `undefined`: it is none. */
  heartbeat(id: string, owned: readonly Place[]): Told | undefined
}

export interface Told {
  readonly epoch: number
  readonly places: readonly Place[]
}

interface Member extends Joining {
  readonly id: string
  epoch: number
  /** What nobody else gets: what it has been given and has not let go of. */
  held: readonly Place[]
  /** What it shall have in the end, by ids. */
  target: ReadonlySet<string>
}

export function createConsumerGroup({ topics, offsets, now, after }: GroupOptions): ConsumerGroup {
  const members = new Map<string, Member>()
  let ids = 0
  let epoch = 0
  let places: readonly Place[] = []
  const sessions = createSessions({ now, after, expired: remove })

  function remove(id: string): void {
    if (!members.delete(id)) return
    sessions.forget(id)
    divide()
  }

  const divide = (): void => {
    epoch++
    const all = [...members.values()]
    if (all.length === 0) return
    places = placesOf(
      topics,
      all.flatMap((member) => member.topics),
    )
    const shares = shareOut(
      places,
      all.map(({ id, held }) => ({ id, owned: held })),
    )
    for (const member of all) member.target = shares.get(member.id)!
  }

  const isHeldByOthers = (id: string, self: Member): boolean =>
    [...members.values()].some((other) => other !== self && other.held.some((place) => idOf(place) === id))

  return {
    offsets,
    sessions,
    join(joining) {
      const id = `${joining.client}-${++ids}`
      members.set(id, { ...joining, id, epoch: 0, held: [], target: new Set() })
      sessions.touch(id, joining.sessionTimeout)
      divide()
      return id
    },
    heartbeat(id, owned) {
      const member = members.get(id)
      if (member === undefined) return undefined
      sessions.touch(id, member.sessionTimeout)
      const kept = member.held.filter((place) => member.target.has(idOf(place)))
      if (owned.some((place) => !member.target.has(idOf(place)))) return { epoch: member.epoch, places: kept }
      member.epoch = epoch
      member.held = places.filter((place) => member.target.has(idOf(place)) && !isHeldByOthers(idOf(place), member))
      return { epoch, places: member.held }
    },
    members: () => [...members.values()].map(({ client, held }) => ({ client, places: held })),
    check(id, of) {
      const member = id === undefined ? undefined : members.get(id)
      if (member === undefined) throw unknownMember()
      if (of !== member.epoch) throw new KafkaError('stale', `member epoch ${of}, and not ${member.epoch}`, 113)
    },
    leave: remove,
    evict(client) {
      for (const member of [...members.values()]) if (member.client === client) remove(member.id)
    },
  }
}
