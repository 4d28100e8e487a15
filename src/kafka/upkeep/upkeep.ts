import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import type { LookedAt, WorkerSurroundings } from '../../cluster/cluster.ts'
import type { KafkaProducer, Place } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { idOf } from '../place.ts'
import type { DeadWorkers } from './deadWorkers.ts'
import { createPurge, type Purge } from './purge.ts'
import { createStanding, type Standing } from './standing.ts'
import { createSurroundings, type SurroundingsOptions } from './surroundings.ts'
import { createUnowned, type Progress, type Unowned } from './unowned.ts'

/** A group that this worker is a member of, and what is looked after in it. */
export interface TendedGroup {
  readonly group: string
  /** All places that the members divide among them. */
  readonly places: readonly Place[]
  /** Those of this worker. */
  readonly owned: readonly Place[]
  /** Places of the application itself that belong to those. */
  readonly own: readonly Place[]
}

/** For a status. */
export const standingText = ({ at, for: milliseconds }: Standing): string =>
  `${idOf(at)} at ${at.offset}, for ${Math.round(milliseconds / 1000)} s`

/** What is looked after now and then, beside processing. */
export interface Upkeep {
  /** Places of the application whose records before these offsets have been processed, and that is committed. */
  readonly processed: Purge['processed']
  /** Places that nobody can read on in, for longer than any transaction of a worker may be open. */
  readonly standing: readonly Standing[]
  /** For who looks at the worker; `undefined` where nobody does. */
  readonly surroundings: WorkerSurroundings | undefined
  /** Looks no more. Resolves when it is done with what it was reading. */
  stop(): Promise<void>
  /** Tells others that this worker shows itself no more; not where its life is lost, and another one begins. */
  retract(producer: KafkaProducer, lost: Promise<unknown>): Promise<void>
}

export interface UpkeepOptions extends Omit<SurroundingsOptions, 'looked'> {
  readonly transactionTimeout: number
  /** Default: nobody looks at the worker */
  readonly looked: LookedAt | undefined
  readonly brokers: string
  readonly deadWorkers: DeadWorkers
  readonly groups: () => Promise<readonly TendedGroup[]>
  /** Called with why this worker has to begin anew. */
  readonly lose: (reason: unknown) => void
}

const notLost = Symbol('not lost')

/** In ms, from the end of one look to the next. */
const interval = 10_000
/** In ms: for so long a place may stand still behind the transaction of somebody else, until it is told. */
const longestStanding = 60_000

export function createUpkeep(options: UpkeepOptions): Upkeep {
  const { client, clock, timeout, transactionTimeout, worker, brokers, deadWorkers, warn, groups, lose } = options
  const purge = createPurge(client, timeout, warn)
  const findStanding = createStanding(client, clock, timeout)
  const unowned = new Map<string, Unowned>()
  /** Places that were freed, or told of, at the offset they stand at. */
  const freed = new Set<string>()
  const told = new Set<string>()
  let standing: readonly Standing[] = []
  let isStopped = false

  const progressOf = async ({ group, places, owned, own }: TendedGroup): Promise<Progress[]> => {
    const mine = new Set([...owned, ...own].map(idOf))
    const others = places.filter((place) => !mine.has(idOf(place)))
    const [ends, committed] = await Promise.all([
      client.ends(others, 'committed', timeout),
      client.committedOf(group, timeout),
    ])
    const offsets = new Map(committed.map((at) => [idOf(at), at.offset]))
    return others.map((place, at) => {
      const { low, end } = ends[at]!
      return { place, offset: offsets.get(idOf(place)) ?? low, end }
    })
  }

  /** Of those who see it one worker mends it: all would only be divided anew again and again. */
  const lookForOwners = async (tended: TendedGroup): Promise<void> => {
    const { group } = tended
    const looks = unowned.get(group) ?? createUnowned()
    unowned.set(group, looks)
    const suspicious = looks.suspicious(await progressOf(tended))
    if (suspicious.length === 0) return
    const members = await client.members(group, timeout)
    const forgotten = looks.forgotten(suspicious, members)
    if (forgotten.length === 0) return
    const what = `without an owner in the group ${group}: ${forgotten.map(idOf).join(', ')}`
    const [first] = members.map(({ client }) => client).sort()
    if (first === worker) lose(new KafkaError('abort', `${what}; they are to be given anew`))
    else warn(`${what}; ${first ?? 'nobody'} rejoins, so that they are given anew`, 'PARTITIONS_UNOWNED', { group })
  }

  const lookForStanding = async (tended: readonly TendedGroup[]): Promise<void> => {
    const own = new Set(tended.flatMap((one) => one.own.map(idOf)))
    const found = await findStanding(tended.flatMap((one) => [...one.owned, ...one.own]))
    standing = found.filter((one) => one.for > transactionTimeout)
    const lost = standing.filter(({ at }) => own.has(idOf(at)) && !freed.has(`${idOf(at)} ${at.offset}`))
    if (lost.length > 0) {
      for (const { at } of lost) freed.add(`${idOf(at)} ${at.offset}`)
      await deadWorkers.free(
        tended.map(({ group }) => group),
        lost.map(({ at }) => at),
      )
    }
    for (const one of standing) tell(one)
  }

  const tell = ({ at, for: milliseconds }: Standing): void => {
    const id = `${idOf(at)} ${at.offset}`
    if (milliseconds < longestStanding || told.has(id)) return
    told.add(id)
    const { topic, partition, offset } = at
    const error = new WallarxError('KAFKA_TRANSACTION_HANGS', {
      expected: `the transaction at offset ${offset} of ${topic}[${partition}] to end; nobody can read on behind it`,
      got:
        `one that has been open for ${Math.round(milliseconds / 1000)} s. If its producer is gone, end it: ` +
        `kafka-transactions.sh --bootstrap-server ${brokers} abort --topic ${topic} --partition ${partition} ` +
        `--start-offset ${offset}`,
    })
    warn(`${error.code}: ${error.message}`, error.code, { topic, partition, offset })
  }

  const look = async (): Promise<void> => {
    const tended = await groups()
    await purge.purge()
    await lookForStanding(tended)
    for (const one of tended) await lookForOwners(one)
  }

  const lookLater = (): (() => void) =>
    clock.after(interval, () => {
      look()
        .catch((error: unknown) => {
          if (!isStopped) warn(`cannot look after the cluster now: ${shown(error)}`, 'UPKEEP_FAILED', { err: error })
        })
        .finally(() => {
          if (!isStopped) cancel = lookLater()
        })
    })
  let cancel = lookLater()
  const { looked } = options
  const surroundings = looked && createSurroundings({ ...options, looked })

  return {
    processed: purge.processed,
    get standing() {
      return standing
    },
    surroundings,
    async stop() {
      isStopped = true
      cancel()
      await surroundings?.stop()
    },
    async retract(producer, lost) {
      const first = await Promise.race([lost, Promise.resolve(notLost)])
      if (first === notLost) await surroundings?.retract(producer)
    },
  }
}
