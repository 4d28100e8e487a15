import type { KafkaMember, MemberOptions, Place } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import { idOf } from '../../../kafka/place.ts'
import { isLoading, type Process } from '../process/process.ts'
import { joinClassic } from './classicMembership.ts'
import { joinConsumer } from './consumerMembership.ts'
import type { Holder, Membership } from './membership.ts'
import { createReader } from './reader.ts'

/** Is told by the next poll. */
interface Due {
  readonly what: 'assigned' | 'revoked'
  readonly places: readonly Place[]
}

/** In ms: how often an offset that is pending is asked for again. */
const untilAskedAgain = 20

export interface OpenMember {
  readonly member: KafkaMember
  readonly membership: Membership
}

export function openMember(process: Process, options: MemberOptions): OpenMember {
  const { broker } = process
  const owned = new Map<string, Place>()
  const due: Due[] = []
  /** Its places are others' by now. */
  let isLost = false
  let isClosed = false
  let failure: unknown
  const reader = createReader({ process, isolation: 'committed', answer, isDue: () => due.length > 0 || isLost })

  const take = (places: readonly Place[]): void => {
    for (const place of places) owned.set(idOf(place), place)
    reader.assign(places.map((place) => ({ ...place, offset: 0 })))
    reader.pause(places) // from the beginning, and sought before it is resumed
  }
  const drop = (places: readonly Place[]): void => {
    for (const place of places) owned.delete(idOf(place))
    reader.unassign(places)
  }

  const holder: Holder = {
    process,
    options,
    held: () => [...owned.values(), ...due.flatMap(({ what, places }) => (what === 'assigned' ? places : []))],
    get isBusy() {
      return due.length > 0 || isLost
    },
    give(places) {
      const ids = new Set(places.map(idOf))
      const revoked = [...owned.values()].filter((place) => !ids.has(idOf(place)))
      const assigned = places.filter((place) => !owned.has(idOf(place)))
      if (revoked.length > 0) due.push({ what: 'revoked', places: revoked })
      if (assigned.length > 0) due.push({ what: 'assigned', places: assigned })
      reader.wake()
      return revoked.length > 0
    },
    lose() {
      const assigned = due.findIndex(({ what }) => what === 'assigned')
      if (assigned >= 0) due.splice(assigned, 1) // nobody has heard of it
      isLost = owned.size > 0
      reader.wake()
    },
    fail(error) {
      failure = error
      reader.wake()
    },
  }

  async function answer(): Promise<void> {
    while (holder.isBusy && !isClosed) {
      if (isLost) {
        due.length = 0
        isLost = false
        const places = [...owned.values()]
        drop(places)
        if (places.length > 0) options.lost(places)
      } else {
        await answerOne(due[0]!)
      }
      if (!holder.isBusy) membership.answered()
    }
    if (failure !== undefined) throw failure as Error
  }

  const answerOne = async (one: Due): Promise<void> => {
    const { what, places } = one
    if (what === 'assigned') {
      due.shift()
      take(places)
      options.assigned(places)
      return
    }
    await options.revoked(places)
    drop(places)
    if (due[0] === one) due.shift()
  }

  const membership = options.protocol === 'classic' ? joinClassic(holder) : joinConsumer(holder)

  const call = <Result>(what: string, timeout: number, work: () => Result | Promise<Result>): Promise<Result> =>
    process.call(what, timeout, () => {
      if (isLoading(broker)) throw new KafkaError('again', 'the coordinator is being loaded', 14)
      return work()
    })

  const member: KafkaMember = {
    ...reader,
    async committed(places, timeout) {
      const end = process.clock.elapsed() + timeout
      for (;;) {
        const left = end - process.clock.elapsed()
        try {
          return await call('asking for offsets', left, () => membership.offsets.committed(places))
        } catch (error) {
          const isPending = error instanceof KafkaError && error.fault === 'pending'
          if (!isPending || left <= untilAskedAgain + 10) throw error
        }
        await process.sleep(untilAskedAgain)
      }
    },
    commitOffsets: (offsets, timeout) =>
      call('committing offsets', timeout, () => {
        membership.group.check(membership.id, membership.generation)
        membership.offsets.commit(offsets)
      }),
    async close(timeout) {
      isClosed = true
      membership.leave()
      await reader.close(timeout)
    },
  }
  return { member, membership }
}
