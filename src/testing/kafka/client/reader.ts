import type { Isolation, KafkaReader, KafkaRecord, Place, PlaceAt } from '../../../kafka/client.ts'
import { idOf } from '../../../kafka/place.ts'
import type { Entry, Log } from '../broker/log.ts'
import type { Process } from '../process/process.ts'

/** A place that is read. */
interface Reading {
  readonly place: Place
  readonly log: Log
  next: number
  isPaused: boolean
  /** Nothing has come since it was assigned or sought, not even that there is nothing. */
  isUntouched: boolean
  readonly forget: () => void
}

export interface ReaderParts {
  readonly process: Process
  readonly isolation: Isolation
  /** Is called before each look for records, and takes part in it. */
  readonly answer?: () => Promise<void>
  readonly isDue?: () => boolean
}

export interface ReaderWithWake extends KafkaReader {
  /** There is something to answer. */
  readonly wake: () => void
}

const longestSeek = 10_000
/** In ms: how long records, or the news that there are none, are on their way. */
const quickest = 0.1
const slowest = 2

export function createReader({ process, isolation, answer, isDue = () => false }: ReaderParts): ReaderWithWake {
  const { broker, random } = process
  const readings = new Map<string, Reading>()
  let isClosed = false
  let turn = 0
  let wake: (() => void) | undefined
  const wakeNow = (): void => {
    wake?.()
  }

  const passed = (milliseconds: number): Promise<void> => process.sleep(milliseconds)

  /** Resolves when there may be more, or the time is over. */
  const news = (milliseconds: number): Promise<void> =>
    process.sleep(milliseconds, (wakeUp) => {
      wake = () => {
        wake = undefined
        wakeUp()
      }
    })

  const remove = (place: Place): void => {
    readings.get(idOf(place))?.forget()
    readings.delete(idOf(place))
  }

  const add = ({ offset, ...place }: PlaceAt, isPaused: boolean): void => {
    remove(place)
    const log = broker.topics.log(place)
    const watch = (): void => {
      if (!reading.isPaused) wakeNow()
    }
    const reading: Reading = {
      place,
      log,
      next: offset,
      isPaused,
      isUntouched: true,
      forget: () => log.watchers.delete(watch),
    }
    readings.set(idOf(place), reading)
    log.watchers.add(watch)
  }

  /** What there is now, from each place in turn: the records, and how far each place has been looked through. */
  const look = (max: number): { records: KafkaRecord[]; looked: (readonly [Reading, number, number])[] } => {
    const records: KafkaRecord[] = []
    const looked: (readonly [Reading, number, number])[] = []
    const all = [...readings.values()]
    turn++
    for (let at = 0; at < all.length && records.length < max; at++) {
      const reading = all[(at + turn) % all.length]!
      if (reading.isPaused) continue
      const { entries, next } = reading.log.read(reading.next, max - records.length, isolation)
      looked.push([reading, reading.next, next])
      for (const entry of entries) records.push(recordOf(reading.place, entry))
    }
    return { records, looked }
  }

  const fetch = async (max: number): Promise<KafkaRecord[]> => {
    if (!broker.isUp) {
      await passed(slowest)
      return []
    }
    const { records, looked } = look(max)
    if (records.length === 0 && looked.every(([{ isUntouched }, from, next]) => from === next && !isUntouched))
      return []
    await passed(random.between(quickest, slowest))
    // What was sought, paused or given up meanwhile is not taken.
    const taken = new Set<string>()
    for (const [reading, from, next] of looked) {
      if (reading.next !== from || reading.isPaused || readings.get(idOf(reading.place)) !== reading) continue
      reading.next = next
      reading.isUntouched = false
      taken.add(idOf(reading.place))
    }
    return records.filter((record) => taken.has(idOf(record)))
  }

  return {
    wake: wakeNow,
    assign(places) {
      for (const place of places) add(place, false)
    },
    unassign(places) {
      for (const place of places) remove(place)
    },
    async poll(max, wait) {
      const end = process.clock.elapsed() + wait
      for (let isFirst = true; ; isFirst = false) {
        await answer?.()
        if (isClosed) {
          await passed(quickest)
          return []
        }
        const records = await fetch(max)
        const left = end - process.clock.elapsed()
        if (records.length > 0) return records
        if (left <= 0 && !isDue()) {
          if (isFirst) await passed(quickest) // nobody polls without time
          return []
        }
        if (!isDue() && !isClosed) await news(left)
      }
    },
    pause(places) {
      for (const place of places) {
        const reading = readings.get(idOf(place))
        if (reading !== undefined) reading.isPaused = true
      }
    },
    resume(places) {
      for (const place of places) {
        const reading = readings.get(idOf(place))
        if (reading !== undefined) reading.isPaused = false
      }
      wakeNow()
    },
    async seek(at) {
      await process.call('seek', longestSeek, () => undefined)
      const reading = readings.get(idOf(at))
      if (reading === undefined) return
      add(at, reading.isPaused)
      wakeNow()
    },
    position(place) {
      const reading = readings.get(idOf(place))
      return reading === undefined || reading.isUntouched ? undefined : reading.next
    },
    close() {
      isClosed = true
      for (const { place } of [...readings.values()]) remove(place)
      wakeNow()
      return Promise.resolve()
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
