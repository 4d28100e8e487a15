import { systemClock } from '../../base/clock.ts'
import type { Isolation, KafkaReader, KafkaRecord, Place } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { closed, constructed, createHandle, type Handle } from './handle.ts'
import type { Library, LibraryConsumer, LibraryMessage, LibrarySettings } from './library.ts'
import { passed } from './repeated.ts'

/** Each consume holds a thread of libuv, and nothing else can be answered meanwhile: so none takes longer than this. */
const longestConsume = 50
const longestSeek = 10_000
/** In ms: who goes on reading what somebody else has closed leaves the time to others. */
const whenClosed = 5

/** A partition that is read. */
interface Reading {
  /** Where the broker said last that there is no more. */
  eof: number | undefined
  /** Nothing has come since it was assigned or sought, so that the library's position is an earlier one. */
  untouched: boolean
}

/** Reads with a consumer; `answer` is called before each asking for records, and takes part in it. */
export interface ReaderParts {
  readonly native: LibraryConsumer
  readonly handle: Handle
  readonly answer: () => Promise<void>
  readonly isDue: () => boolean
}

export interface ReaderWithPlaces extends KafkaReader {
  /** Is read from now on, by whoever has assigned it. */
  add(places: readonly Place[]): void
  /** Is not read any more: what comes of it is dropped. */
  drop(places: readonly Place[]): void
}

export function createReader({ native, handle, answer, isDue }: ReaderParts): ReaderWithPlaces {
  const readings = new Map<string, (Reading | undefined)[]>()
  let isClosed = false
  native.setDefaultIsTimeoutOnlyForFirstMessage(true)

  const readingOf = ({ topic, partition }: Place): Reading | undefined => readings.get(topic)?.[partition]
  native.on('partition.eof', (place) => {
    const reading = readingOf(place)
    if (reading === undefined) return
    reading.eof = place.offset
    reading.untouched = false
  })

  const add = (places: readonly Place[]): void => {
    for (const { topic, partition } of places) {
      const ofTopic = readings.get(topic) ?? []
      ofTopic[partition] = { eof: undefined, untouched: true }
      readings.set(topic, ofTopic)
    }
  }
  const drop = (places: readonly Place[]): void => {
    for (const { topic, partition } of places) {
      const ofTopic = readings.get(topic)
      if (ofTopic !== undefined) ofTopic[partition] = undefined
    }
  }

  const consume = async (most: number, wait: number): Promise<KafkaRecord[]> => {
    native.setDefaultConsumeTimeout(wait)
    const messages = await handle.call<LibraryMessage[]>('reading', wait + 30_000, (_, done) =>
      native.consume(most, done),
    )
    const records: KafkaRecord[] = []
    for (const message of messages) {
      const reading = readingOf(message)
      if (reading === undefined) continue // fetched before the place was given up
      reading.untouched = false
      records.push(recordOf(message))
    }
    return records
  }

  return {
    add,
    drop,
    assign(places) {
      add(places)
      handle.callNow('assigning', () => native.incrementalAssign(places))
    },
    unassign(places) {
      drop(places)
      handle.callNow('unassigning', () => native.incrementalUnassign(places))
    },
    async poll(max, wait) {
      const end = systemClock.elapsed() + wait
      for (;;) {
        await answer()
        if (isClosed) {
          await passed(whenClosed)
          return []
        }
        const left = Math.max(0, Math.round(end - systemClock.elapsed()))
        const records = await consume(max, Math.min(left, longestConsume)).catch((error: unknown) => {
          if (isClosed) return []
          throw error
        })
        if (records.length > 0 || (left === 0 && !isDue())) return records
      }
    },
    pause(places) {
      handle.callNow('pausing', () => native.pause(places))
    },
    resume(places) {
      handle.callNow('resuming', () => native.resume(places))
    },
    async seek(at) {
      const end = systemClock.elapsed() + longestSeek
      for (;;) {
        try {
          await handle.call('seeking', longestSeek, (timeout, done) => native.seek(at, timeout, done))
          break
        } catch (error) {
          // A partition that was assigned a moment ago is not being fetched yet.
          const isEarly = error instanceof KafkaError && error.number === -172
          if (!isEarly || isClosed || systemClock.elapsed() > end) throw error
          await passed(5)
        }
      }
      add([at])
    },
    position(place) {
      const reading = readingOf(place)
      if (reading === undefined || reading.untouched) return undefined
      const [position] = handle.callNow('asking for a position', () => native.position([place]))
      // Markers and aborted records at the end are told by the end of the partition only.
      return Math.max(position?.offset ?? 0, reading.eof ?? 0)
    },
    async close(timeout) {
      isClosed = true
      // At once: a member that answers nothing any more, and is one still, keeps its group from dividing places.
      handle.shut()
      await closed(timeout, (done) => native.disconnect(done))
    },
  }
}

function recordOf({ topic, partition, offset, key, value, headers, timestamp }: LibraryMessage): KafkaRecord {
  return { topic, partition, offset, key, value, timestamp, headers: headers === undefined ? [] : headersOf(headers) }
}

function headersOf(headers: NonNullable<LibraryMessage['headers']>): KafkaRecord['headers'] {
  return headers.map((header) => {
    const [name] = Object.keys(header)
    return [name!, header[name!]!]
  })
}

/** What a user may set otherwise. */
export const readerDefaults: LibrarySettings = {
  // A broker answers one fetch at a time: this is how long a partition that has been resumed waits for the others.
  'fetch.wait.max.ms': 50,
  // What is fetched ahead, in KiB and in bytes of one answer: the default is 64 MiB for each reader.
  'queued.max.messages.kbytes': 2 * 1024,
  'fetch.max.bytes': 2 * 1024 * 1024,
}

export const readerSettings = (isolation: Isolation): Readonly<Record<string, unknown>> => ({
  'isolation.level': isolation === 'committed' ? 'read_committed' : 'read_uncommitted',
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  'enable.partition.eof': true,
  event_cb: true,
})

/** A place whose offset is not there any more is an error, not another place to go on from. */
export const readerTopicSettings = { 'auto.offset.reset': 'error' }

/** A reader that belongs to no group. */
export async function openReader(
  library: Library,
  shared: LibrarySettings,
  brokers: string,
  isolation: Isolation,
  timeout: number,
): Promise<KafkaReader> {
  // The group is a name that the library wants to have; nothing is ever asked of it.
  const settings = { ...readerDefaults, ...shared, ...readerSettings(isolation), 'group.id': 'wallarx-reader' }
  const native = constructed(() => new library.KafkaConsumer(settings, readerTopicSettings))
  const handle = createHandle(native, brokers)
  const reader = createReader({ native, handle, answer: () => Promise.resolve(), isDue: () => false })
  try {
    await handle.connect(timeout)
  } catch (error) {
    void reader.close(1_000)
    throw error
  }
  return reader
}
