import { createDeferred, type Deferred } from '../../../base/deferred.ts'
import type { Place } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import { idOf } from '../../../kafka/place.ts'
import { shareOut } from './assignor.ts'
import { placesOf, unknownMember, type Group, type GroupOptions, type Joining } from './group.ts'
import { createSessions } from './sessions.ts'

/**
 * A group of the classic protocol, cooperative: at each rebalance all members come together, nobody gives up what it
 * keeps, and what somebody has to give up is handed out at the next one.
 */
export interface ClassicGroup extends Group {
  /** Resolves when all have come together. Rejects with `abort` where the member is none any more. */
  join(id: string | undefined, joining: Joining, owned: readonly Place[]): Promise<Joined>
  /** What a member is told when it gives a sign of life. */
  heartbeat(id: string): 'fine' | 'rebalance' | 'unknown'
}

export interface Joined {
  readonly id: string
  readonly generation: number
  readonly places: readonly Place[]
}

interface Member extends Joining {
  readonly id: string
  /** What it said it has. */
  owned: readonly Place[]
  /** What it was given last. */
  places: readonly Place[]
  /** It has come, and waits for the others. */
  waiting: Deferred<Joined> | undefined
}

/** In ms: how long members are waited for that do not come, although they are alive. */
const longestRebalance = 300_000

export function createClassicGroup({ topics, offsets, now, after }: GroupOptions): ClassicGroup {
  const members = new Map<string, Member>()
  let ids = 0
  let generation = 0
  let isRebalancing = false
  let forgetLate = (): void => undefined

  const sessions = createSessions({ now, after, expired: remove })

  function remove(id: string): void {
    const member = members.get(id)
    if (member === undefined) return
    members.delete(id)
    sessions.forget(id)
    member.waiting?.reject(unknownMember())
    rebalance()
  }

  const rebalance = (): void => {
    if (!isRebalancing) {
      isRebalancing = true
      forgetLate = after(longestRebalance, () => {
        for (const { id, waiting } of [...members.values()]) if (waiting === undefined) remove(id)
      })
    }
    const all = [...members.values()]
    if (all.every(({ waiting }) => waiting !== undefined)) complete(all)
  }

  const complete = (all: readonly Member[]): void => {
    isRebalancing = false
    forgetLate()
    if (all.length === 0) return
    generation++
    const places = placesOf(
      topics,
      all.flatMap((member) => member.topics),
    )
    const shares = shareOut(places, all)
    const owners = new Map(all.flatMap(({ id, owned }) => owned.map((place) => [idOf(place), id] as const)))
    for (const member of all) {
      const { id, waiting, sessionTimeout } = member
      const share = shares.get(id)!
      member.places = places.filter((place) => share.has(idOf(place)) && (owners.get(idOf(place)) ?? id) === id)
      member.waiting = undefined
      sessions.touch(id, sessionTimeout)
      waiting!.resolve({ id, generation, places: member.places })
    }
  }

  return {
    offsets,
    sessions,
    join(known, joining, owned) {
      const id = known ?? `${joining.client}-${++ids}`
      if (known !== undefined && !members.has(id)) return Promise.reject(unknownMember())
      const waiting = createDeferred<Joined>()
      const before = members.get(id)
      before?.waiting?.reject(unknownMember())
      members.set(id, { ...joining, id, owned, waiting, places: before?.places ?? [] })
      sessions.forget(id)
      rebalance()
      return waiting.promise
    },
    heartbeat(id) {
      const member = members.get(id)
      if (member === undefined) return 'unknown'
      if (member.waiting !== undefined) return 'fine'
      sessions.touch(id, member.sessionTimeout)
      return isRebalancing ? 'rebalance' : 'fine'
    },
    members: () => [...members.values()].map(({ client, places }) => ({ client, places })),
    check(id, of) {
      if (id === undefined || !members.has(id)) throw unknownMember()
      if (of !== generation) throw new KafkaError('stale', `generation ${of}, and not ${generation}`, 22)
    },
    leave: remove,
    evict(client) {
      for (const member of [...members.values()]) if (member.client === client) remove(member.id)
    },
  }
}
