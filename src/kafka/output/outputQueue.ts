import type { Output } from './output.ts'

/**
 * Outputs that wait for their transaction, as bytes in one piece. As objects, several to a record, they would outlive a
 * collection or two, and the heap would grow by what is left of them.
 */
export interface OutputQueue extends Iterable<Output> {
  readonly size: number
  /** Its bytes must not change any more. `isChecked`: its partition is known to be there. Default: `false` */
  add(output: Output, isChecked?: boolean): void
  /** Of which there are outputs, or have been. */
  topics(): Iterable<string>
  /** Empties it; bytes that it has given are not valid any more. */
  clear(): void
}

/** Of each record, in front of key and value: topic, partition, lengths of key and value, timestamp. */
const headerLength = 24
const atPartition = 4
const atKey = 8
const atValue = 12
const atTimestamp = 16
/** In place of a partition or a length: there is none. */
const none = -1
/** In place of a topic: it is among the whole ones. */
const isWhole = -1

/** Bytes from which on a record is kept as it is. */
const large = 64 * 1024
const firstCapacity = 64 * 1024
/** Bytes that are kept for later, once that many were needed. */
const mostKept = 16 * 1024 * 1024

export function createOutputQueue(): OutputQueue {
  let bytes = Buffer.allocUnsafeSlow(firstCapacity)
  let end = 0
  let size = 0
  /** Those with more to them than bytes. */
  let whole: Output[] = []
  const topics: string[] = []
  const numbers = new Map<string, number>()

  const numberOf = (topic: string): number => {
    let number = numbers.get(topic)
    if (number === undefined) {
      number = topics.push(topic) - 1
      numbers.set(topic, number)
    }
    return number
  }

  const reserve = (length: number): void => {
    if (end + length <= bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, end + length))
    bytes.copy(larger, 0, 0, end)
    bytes = larger
  }

  const copy = (part: Uint8Array | null): void => {
    if (part === null) return
    bytes.set(part, end)
    end += part.length
  }

  return {
    get size() {
      return size
    },
    add(output, isChecked = false) {
      const { topic, partition = none, key, value, headers, timestamp = NaN } = output
      const keyLength = key?.length ?? none
      const valueLength = value?.length ?? none
      const length = Math.max(keyLength, 0) + Math.max(valueLength, 0)
      // Where a partition is refused it is told what the record was made of.
      const number = numberOf(topic)
      const isPlain = headers === undefined && (isChecked || partition === none) && length < large
      reserve(headerLength + (isPlain ? length : 0))
      bytes.writeInt32LE(isPlain ? number : isWhole, end)
      if (isPlain) {
        bytes.writeInt32LE(partition, end + atPartition)
        bytes.writeInt32LE(keyLength, end + atKey)
        bytes.writeInt32LE(valueLength, end + atValue)
        bytes.writeDoubleLE(timestamp, end + atTimestamp)
      } else {
        whole.push(output)
      }
      end += headerLength
      if (isPlain) {
        copy(key)
        copy(value)
      }
      size++
    },
    topics: () => topics,
    *[Symbol.iterator]() {
      let nextWhole = 0
      const part = (at: number, length: number): Buffer | null =>
        length === none ? null : bytes.subarray(at, at + length)
      for (let at = 0; at < end;) {
        const topic = bytes.readInt32LE(at)
        if (topic === isWhole) {
          yield whole[nextWhole++]!
          at += headerLength
          continue
        }
        const partition = bytes.readInt32LE(at + atPartition)
        const keyLength = bytes.readInt32LE(at + atKey)
        const valueLength = bytes.readInt32LE(at + atValue)
        const timestamp = bytes.readDoubleLE(at + atTimestamp)
        at += headerLength
        const key = part(at, keyLength)
        at += Math.max(keyLength, 0)
        const value = part(at, valueLength)
        at += Math.max(valueLength, 0)
        yield {
          topic: topics[topic]!,
          partition: partition === none ? undefined : partition,
          key,
          value,
          timestamp: Number.isNaN(timestamp) ? undefined : timestamp,
        }
      }
    },
    clear() {
      end = 0
      size = 0
      whole = []
      if (bytes.length > mostKept) bytes = Buffer.allocUnsafeSlow(firstCapacity)
    },
  }
}
