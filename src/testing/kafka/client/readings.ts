import type { Isolation, KafkaRecord, Place, PlaceAt } from '../../../kafka/client.ts'
import { idOf } from '../../../kafka/place.ts'
import type { Entry, Log } from '../broker/log.ts'
import type { Topics } from '../broker/topics.ts'

/** The places that a reader reads, and how far each has been read. */
export interface Readings {
  add(at: PlaceAt, isPaused?: boolean): void
  remove(place: Place): void
  removeAll(): void
  /** Begins anew at an offset, paused or not as before; `false`: the place is not read. */
  seek(at: PlaceAt): boolean
  pause(place: Place, isPaused: boolean): void
  position(place: Place): number | undefined
  /** What there is now, from each place in turn; `undefined` where there is no news. */
  look(max: number): Look | undefined
}

export interface Look {
  /** The records of all places that were neither sought nor paused nor given up since: they are read now. */
  take(): KafkaRecord[]
}

interface Reading {
  readonly place: Place
  readonly log: Log
  next: number
  isPaused: boolean
  /** Nothing has come since it was assigned or sought, not even that there is nothing. */
  isUntouched: boolean
  readonly forget: () => void
}

/** `news` is called when there may be more of a place that is not paused. */
export function createReadings(topics: Topics, isolation: Isolation, news: () => void): Readings {
  const readings = new Map<string, Reading>()
  let turn = 0

  const remove = (place: Place): void => {
    readings.get(idOf(place))?.forget()
    readings.delete(idOf(place))
  }

  const add = ({ offset, ...place }: PlaceAt, isPaused = false): void => {
    remove(place)
    const log = topics.log(place)
    const watch = (): void => {
      if (!reading.isPaused) news()
    }
    const forget = (): boolean => log.watchers.delete(watch)
    const reading: Reading = { place, log, next: offset, isPaused, isUntouched: true, forget }
    readings.set(idOf(place), reading)
    log.watchers.add(watch)
  }

  return {
    add,
    remove,
    removeAll() {
      for (const { place } of [...readings.values()]) remove(place)
    },
    seek(at) {
      const reading = readings.get(idOf(at))
      if (reading === undefined) return false
      add(at, reading.isPaused)
      return true
    },
    pause(place, isPaused) {
      const reading = readings.get(idOf(place))
      if (reading !== undefined) reading.isPaused = isPaused
    },
    position(place) {
      const reading = readings.get(idOf(place))
      return reading === undefined || reading.isUntouched ? undefined : reading.next
    },
    look(max) {
      const looked: { reading: Reading; from: number; next: number; entries: readonly Entry[] }[] = []
      const all = [...readings.values()]
      let left = max
      turn++
      for (let at = 0; at < all.length && left > 0; at++) {
        const reading = all[(at + turn) % all.length]!
        if (reading.isPaused) continue
        const found = reading.log.read(reading.next, left, isolation)
        left -= found.entries.length
        if (found.next > reading.next || reading.isUntouched) looked.push({ reading, from: reading.next, ...found })
      }
      if (looked.length === 0) return undefined
      return {
        take: () =>
          looked.flatMap(({ reading, from, next, entries }) => {
            const { place, isPaused } = reading
            if (reading.next !== from || isPaused || readings.get(idOf(place)) !== reading) return []
            reading.next = next
            reading.isUntouched = false
            return entries.map((entry) => recordOf(place, entry))
          }),
      }
    },
  }
}

const recordOf = ({ topic, partition }: Place, { offset, key, value, headers, timestamp }: Entry): KafkaRecord => ({
  topic,
  partition,
  offset,
  key: key && Buffer.from(key),
  value: value && Buffer.from(value),
  headers,
  timestamp,
})
