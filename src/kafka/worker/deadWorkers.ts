import { shown } from '../../base/shown.ts'
import type { Clock } from '../../base/clock.ts'
import type { KafkaClient, NewRecord, NewTopic } from '../client.ts'

/*
 * Who the workers of an application are: a compacted topic of one partition, the name of a worker → its transactional
 * id. A worker that is no member of a group any more may have left a transaction open, behind which nobody can read on
 * until it times out.
 */

export interface DeadWorkersOptions {
  readonly client: KafkaClient
  readonly topic: string
  /** This one. */
  readonly worker: string
  readonly clock: Clock
  readonly timeout: number
  readonly warn: (event: string) => void
}

export const workersTopic = (name: string): NewTopic => ({
  name,
  partitions: 1,
  settings: { 'cleanup.policy': 'compact' },
})

/** The record that makes a worker known. */
export const workerRecord = (topic: string, worker: string, transactionalId: string): NewRecord => ({
  topic,
  partition: 0,
  key: Buffer.from(worker),
  value: Buffer.from(transactionalId),
})

const leastPause = 1000
const endOfReading = 100

/**
 * Ends, when it is called, what workers have left open who are not in the group any more; at most once in a second, and
 * in its own time.
 */
export function createDeadWorkers(options: DeadWorkersOptions): (group: string) => void {
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
    try {
      reader.assign([{ ...place, offset: low }])
      while ((reader.position(place) ?? 0) < end) {
        for (const { key, value } of await reader.poll(1000, endOfReading)) {
          if (key !== null && value !== null) workers.set(textOf(key), textOf(value))
        }
      }
    } finally {
      await reader.close(timeout)
    }
    return workers
  }

  const end = async (group: string): Promise<void> => {
    const living = new Set((await client.members(group, timeout)).map((member) => member.client))
    living.add(worker)
    for (const [name, transactionalId] of await known()) {
      if (living.has(name)) ended.delete(name)
      else if (!ended.has(name)) {
        await client.endTransactionOf(transactionalId, [], timeout)
        ended.add(name)
        warn(`worker ${name} is gone; a transaction it may have left open has been ended`)
      }
    }
  }

  return (group) => {
    if (underWay || clock.elapsed() - last < leastPause) return
    last = clock.elapsed()
    underWay = true
    end(group)
      .catch((error: unknown) => {
        warn(`transactions of dead workers cannot be ended: ${shown(error)}`)
      })
      .finally(() => {
        underWay = false
      })
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
