import type { Isolation, KafkaReader, KafkaRecord } from '../../../kafka/client.ts'
import type { Process } from '../process/process.ts'
import { createReadings } from './readings.ts'

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
  let isClosed = false
  let wake: (() => void) | undefined
  const wakeNow = (): void => {
    wake?.()
  }
  const readings = createReadings(broker.topics, isolation, wakeNow)

  /** Resolves when there may be more, or the time is over. */
  const news = (milliseconds: number): Promise<void> =>
    process.sleep(milliseconds, (wakeUp) => {
      wake = () => {
        wake = undefined
        wakeUp()
      }
    })

  const fetch = async (max: number): Promise<KafkaRecord[]> => {
    if (!broker.isUp) {
      await process.sleep(slowest)
      return []
    }
    const found = readings.look(max)
    if (found === undefined) return []
    await process.sleep(random.between(quickest, slowest))
    return found.take()
  }

  return {
    wake: wakeNow,
    assign(places) {
      for (const place of places) readings.add(place)
    },
    unassign(places) {
      for (const place of places) readings.remove(place)
    },
    async poll(max, wait) {
      const end = process.clock.elapsed() + wait
      for (let isFirst = true; ; isFirst = false) {
        await answer?.()
        if (isClosed) {
          await process.sleep(quickest)
          return []
        }
        const records = await fetch(max)
        const left = end - process.clock.elapsed()
        if (records.length > 0) return records
        if (left <= 0 && !isDue()) {
          if (isFirst) await process.sleep(quickest) // nobody polls without time
          return []
        }
        if (!isDue() && !isClosed) await news(left)
      }
    },
    pause(places) {
      for (const place of places) readings.pause(place, true)
    },
    resume(places) {
      for (const place of places) readings.pause(place, false)
      wakeNow()
    },
    async seek(at) {
      await process.call('seek', longestSeek, () => undefined)
      if (readings.seek(at)) wakeNow()
    },
    position: (place) => readings.position(place),
    close() {
      isClosed = true
      readings.removeAll()
      wakeNow()
      return Promise.resolve()
    },
  }
}
