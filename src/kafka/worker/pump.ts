import type { Clock } from '../../base/clock.ts'
import { KafkaError } from '../fault.ts'
import type { KafkaMember, KafkaRecord, MemberOptions, Place, PlaceAt } from '../client.ts'
import { idOf } from '../place.ts'
import type { ReadUpTo } from '../upkeep/surroundings.ts'
import { createOwnedPlaces, type OwnedPlace, type OwnedPlaces } from './ownedPlaces.ts'

/** Whom the records of a group's topics are for. */
export interface PumpTarget {
  /** Whether no record may be handed over now. */
  held(): boolean
  /** Calls `resume` once, when it may be worth asking again. */
  onFree(resume: () => void): void
  /** The group has given this place. Resolves when its records may come, to the offset where nothing is committed. */
  acquire(place: Place, isOwned: () => boolean): Promise<void>
  /** Its records come from now on. */
  opened?(place: Place): void
  /** What is committed cannot be told while a transaction is open. Called again and again. */
  pending(): void
  /** Where to begin in a place of which nothing is committed. */
  beginning(place: Place): Promise<number>
  /** That is elsewhere later on: it is committed as soon as it is known. */
  readonly keepsBeginning?: boolean
  /**
   * These records come next; they are of places that the group has given. `passed` is called for each before it is
   * handed over: those after the last one are offered again.
   */
  handOver(records: readonly KafkaRecord[], passed: (record: KafkaRecord) => void): void
  /** How many records are handed over in one go, between two looks at whether something holds. */
  readonly chunk: number
  /** The places go to others: resolves when everything of them is committed and let go of. */
  release(places: readonly Place[]): Promise<void>
}

/** Reads what a group gives to this worker. */
export interface Pump {
  readonly member: KafkaMember
  readonly owned: Pick<OwnedPlaces, 'takeOffsets' | 'moved' | 'list' | 'touch'>
  /** Places may have gone to others: what came of them must not be committed. */
  readonly isLost: boolean
  /** How far each place has been read, of those that it has been asked for where to begin. */
  reached(): ReadUpTo[]
  /** Hands over nothing any more. Resolves when it is done with reading. */
  stop(): Promise<void>
}

export interface PumpOptions {
  readonly join: (events: Pick<MemberOptions, 'assigned' | 'revoked' | 'lost'>) => Promise<KafkaMember>
  readonly target: PumpTarget
  readonly clock: Clock
  readonly timeout: number
  /** Called once, with what reading has failed with, or that places are lost. */
  readonly lose: (reason: unknown) => void
  /** Finds out more of what reading has failed with, at these offsets. Does not reject. */
  readonly explain: (error: unknown, at: readonly PlaceAt[]) => Promise<unknown>
  /** Called when a place has come, has become ready, or has gone. */
  readonly changed: () => void
}

const mostRecords = 500
const longestWait = 50
/** How long a pending offset is waited for until somebody looks who holds it; the first time, and later. */
const firstAsking = 300
const longestAsking = 1000
/** How long records wait for a hold to end before reading is paused, so that the group hears of us all the same. */
const longestHold = 1000

/** Whether it is worth asking again. */
const mayPass = (error: unknown, isEarly: boolean): boolean =>
  error instanceof KafkaError &&
  (error.fault === 'pending' || error.fault === 'again' || (error.fault === 'unreachable' && isEarly))

export async function createPump(options: PumpOptions): Promise<Pump> {
  const { join, target, clock, timeout, lose, explain, changed } = options
  const owned = createOwnedPlaces()
  /** Read, and not handed over yet. */
  let waiting: readonly KafkaRecord[] = []
  let stopped = false
  let isLost = false
  let settling: Promise<void> | undefined
  /** When the offsets were first asked for that are not known yet. */
  let askingSince: number | undefined
  let wake: (() => void) | undefined

  const member = await join({
    assigned: (given) => {
      owned.add(given)
      changed()
    },
    async revoked(given) {
      await target.release(given)
      owned.remove(given)
      waiting = waiting.filter(owned.isNext)
      changed()
    },
    lost(given) {
      isLost = true
      owned.remove(given)
      lose(new KafkaError('abort', 'partitions were given to others'))
    },
  })

  /** Begins what the group has given, beside reading: others' places do not wait for an open transaction. */
  const settleSoon = (): void => {
    settling ??= settle()
      .catch(lose)
      .finally(() => {
        settling = undefined
      })
  }

  const settle = async (): Promise<void> => {
    const fresh = owned.fresh()
    if (fresh.length === 0) return
    const places = fresh.map(({ place }) => place)
    let offsets
    const asking = askingSince === undefined ? firstAsking : longestAsking
    askingSince ??= clock.elapsed()
    try {
      offsets = await member.committed(places, Math.min(timeout, asking))
    } catch (error) {
      if (!mayPass(error, clock.elapsed() - askingSince < timeout)) throw error
      target.pending()
      return
    }
    askingSince = undefined
    for (const [at, one] of fresh.entries()) {
      if (!owned.isOwned(one)) continue // given up meanwhile
      one.begun = true
      one.from = offsets[at]
      begin(one, offsets[at]).catch(lose)
    }
  }

  const begin = async (one: OwnedPlace, committed: number | undefined): Promise<void> => {
    const isWanted = (): boolean => owned.isOwned(one) && !stopped
    await target.acquire(one.place, isWanted)
    const next = committed ?? (await target.beginning(one.place))
    if (!isWanted()) return
    await member.seek({ ...one.place, offset: next })
    if (!isWanted()) return
    one.next = next
    one.moved = committed === undefined && target.keepsBeginning === true
    target.opened?.(one.place)
    member.resume([one.place])
    changed()
  }

  const waitHeard = async (): Promise<void> => {
    await free(target, clock, (woken) => (wake = woken))
    if (!target.held()) return
    member.pause(owned.ready())
    const more = await member.poll(1, 0)
    waiting = [...waiting, ...more]
    member.resume(owned.ready())
  }

  const read = async (): Promise<void> => {
    while (!stopped) {
      settleSoon()
      waiting = handOver(waiting, target, owned, () => stopped)
      if (waiting.length === 0) waiting = await member.poll(mostRecords, longestWait)
      else await waitHeard()
    }
  }
  const reading = read().catch((error: unknown) => explain(error, owned.reached()).then(lose))

  return {
    member,
    owned,
    get isLost() {
      return isLost
    },
    reached() {
      const unread = new Set(waiting.map(idOf))
      return owned.progress().map(({ place, offset, ready }) => {
        // Behind the last record that was handed over there may be marks of transactions, which are offsets, too.
        const position = ready && !unread.has(idOf(place)) ? (member.position(place) ?? 0) : 0
        return { place, offset: offset === undefined ? undefined : Math.max(offset, position) }
      })
    },
    async stop() {
      stopped = true
      wake?.()
      await reading
    },
  }
}

/** Hands records over while somebody takes them; gives those that are left. */
function handOver(
  records: readonly KafkaRecord[],
  target: PumpTarget,
  owned: OwnedPlaces,
  isStopped: () => boolean,
): readonly KafkaRecord[] {
  let waiting = records
  let passed = 0
  const pass = (record: KafkaRecord): void => {
    passed++
    owned.passed(record)
  }
  while (waiting.length > 0 && !isStopped() && !target.held()) {
    const now = waiting.slice(0, target.chunk).filter(owned.isNext)
    waiting = waiting.slice(target.chunk)
    passed = 0
    target.handOver(now, pass)
    if (passed === now.length) continue
    waiting = [...now.slice(passed), ...waiting]
    if (passed === 0) break // nobody takes them now
  }
  return waiting
}

/** Resolves when nothing holds, or after a time, or when it is woken. */
const free = (target: PumpTarget, clock: Clock, wakeWith: (wake: () => void) => void): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.after(longestHold, resolve)
    const wake = (): void => {
      cancel()
      resolve()
    }
    wakeWith(wake)
    target.onFree(wake)
  })
