import type { EventLog } from '../../base/log.ts'
import { shown } from '../../base/shown.ts'
import type { Clock } from '../../base/clock.ts'
import type { KafkaClient, Place } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { workerOf } from '../workersTopic.ts'

export interface DeadWorkersOptions {
  readonly client: KafkaClient
  /** The topic of the workers. */
  readonly topic: string
  /** This one. */
  readonly worker: string
  readonly clock: Clock
  readonly timeout: number
  readonly warn: EventLog['warn']
}

/**
 * A worker that is no member of a group any more may have left a transaction open, behind which nobody can read on
 * until it times out.
 */
export interface DeadWorkers {
  /**
   * Ends what workers have left open who are not in the group any more; at most once in a second, and in its own time.
   */
  readonly endSoon: (group: string) => void
  /**
   * The same for transactions that the broker has lost: each of those workers ends one at these places, of this
   * application, which is aborted.
   */
  free(groups: readonly string[], standing: readonly Place[]): Promise<void>
}

const leastPause = 1000
const endOfReading = 100

export function createDeadWorkers(options: DeadWorkersOptions): DeadWorkers {
  const { client, topic, worker, clock, timeout, warn } = options
  const place = { topic, partition: 0 }
  const ended = new Set<string>()
  let last = -Infinity
  let underWay = false

  /** All workers that have ever been, by name: their transactional ids. */
  const known = async (): Promise<Map<string, string>> => {
    const workers = new Map<string, string>()
    const [found] = await client.ends([place], 'uncommitted', timeout)
    const { low, end } = found!
    if (low >= end) return workers
    const reader = await client.reader('uncommitted', timeout)
    const giveUp = clock.elapsed() + timeout
    try {
      reader.assign([{ ...place, offset: low }])
      while ((reader.position(place) ?? 0) < end) {
        // The life that it belongs to may have been lost, and its reader closed.
        if (clock.elapsed() > giveUp) throw new KafkaError('unreachable', `${topic}: its end was not read in time`)
        for (const { key, value } of await reader.poll(1000, endOfReading)) {
          const one = key === null || value === null ? undefined : workerOf(key, value)
          if (one !== undefined) workers.set(...one)
        }
      }
    } finally {
      await reader.close(timeout)
    }
    return workers
  }

  const living = async (groups: readonly string[]): Promise<Set<string>> => {
    const members = await Promise.all(groups.map((group) => client.members(group, timeout)))
    return new Set([worker, ...members.flat().map((member) => member.client)])
  }

  /** Does this for each that is in none of the groups, also not when its turn comes: it may have begun again. */
  const forDead = async (
    groups: readonly string[],
    work: (worker: string, transactionalId: string) => Promise<void>,
    isToDo = (_: string): boolean => true,
  ): Promise<void> => {
    const [alive, all] = await Promise.all([living(groups), known()])
    for (const name of alive) ended.delete(name)
    for (const [name, transactionalId] of all) {
      if (alive.has(name) || !isToDo(name) || (await living(groups)).has(name)) continue
      await work(name, transactionalId)
    }
  }

  const end = (group: string): Promise<void> =>
    forDead(
      [group],
      async (name, transactionalId) => {
        await client.endTransactionOf(transactionalId, [], timeout)
        ended.add(name)
        const event = `worker ${name} is gone; a transaction it may have left open has been ended`
        warn(event, 'WORKER_GONE', { gone: name })
      },
      (name) => !ended.has(name),
    )

  return {
    endSoon(group) {
      if (underWay || clock.elapsed() - last < leastPause) return
      last = clock.elapsed()
      underWay = true
      end(group)
        .catch((error: unknown) => {
          warn(`transactions of dead workers cannot be ended: ${shown(error)}`, 'TRANSACTIONS_NOT_ENDED', {
            err: error,
          })
        })
        .finally(() => {
          underWay = false
        })
    },
    free: (groups, standing) =>
      forDead(groups, (_, transactionalId) => client.endTransactionOf(transactionalId, standing, timeout)),
  }
}
