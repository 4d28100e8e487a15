import type { Clock } from '../../base/clock.ts'
import type { WorkerStatus } from '../../cluster/cluster.ts'
import type { Place } from '../client.ts'
import type { OwnedPlaces } from './ownedPlaces.ts'

type Shards = WorkerStatus['shards']

/** `read`: how far the entities of a place have been read, from 0 to 1. */
export function shardStatus(places: ReturnType<OwnedPlaces['list']>, read: (place: Place) => number): Shards[string] {
  const sorted = [...places].sort((one, other) => one.place.partition - other.place.partition)
  return {
    owned: sorted.flatMap(({ place, ready }) => (ready ? [place.partition] : [])),
    restoring: sorted.flatMap(({ place, ready }) => (ready ? [] : [{ shard: place.partition, read: read(place) }])),
  }
}

/** Logs what this worker owns when it has changed. */
export interface OwnershipLog {
  readonly changed: () => void
  stop(): void
}

/** In ms: shards come one after the other. */
const quietTime = 500

export function createOwnershipLog(clock: Clock, shards: () => Shards, info: (event: string) => void): OwnershipLog {
  let last = ''
  let cancel: (() => void) | undefined

  return {
    changed() {
      cancel ??= clock.after(quietTime, () => {
        cancel = undefined
        const text = Object.entries(shards()).map(textOf).join('; ')
        if (text !== last) info(text)
        last = text
      })
    },
    stop() {
      cancel?.()
    },
  }
}

function textOf([partition, { owned, restoring }]: readonly [string, Shards[string]]): string {
  const reading = restoring.map(({ shard, read }) => `${shard} (${Math.floor(100 * read)} %)`).join(' ')
  const owns = `owns the shards of ${partition}: ${owned.join(' ') || 'none'}`
  return reading === '' ? owns : `${owns}; reads the entities of ${reading}`
}
