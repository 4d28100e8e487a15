import { map, type OperatorFunction } from 'rxjs'
import { toSink } from '../../../operators/toSink.ts'
import type { Key } from '../../key/key.ts'
import { kafkaSink } from '../../kafka/sink.ts'
import { kafkaRecords } from '../../kafka/source.ts'
import type { Messages } from '../../run/contract.ts'
import type { Broker } from '../kafka/broker/broker.ts'

/** The topics before and behind a pipeline under test. Records are numbers of messages, which stay as they are. */
export interface TopicPorts<In, Out> {
  send(messages: readonly In[]): void
  /** The pipeline from the one to the other. */
  between(operator: OperatorFunction<In, Out>): Messages
  /** What is committed. */
  outputs(): Out[]
  /** Whether a record is not processed yet, or the outcome of one that is. */
  readonly isBehind: boolean
}

const input = 'input'
const output = 'output'
/** Enough that some workers have several and some none. */
const partitions = 4

export function createTopicPorts<In, Out>(
  broker: Broker,
  key: ((message: In) => Key) | undefined,
): TopicPorts<In, Out> {
  const messages: In[] = []
  const taken: Out[] = []
  broker.topics.create({ name: input, partitions: key === undefined ? 1 : partitions, settings: {} })
  broker.topics.create({ name: output, partitions: 1, settings: {} })
  const place = { topic: output, partition: 0 }
  const offsets = broker.offsets(input)

  return {
    send(some) {
      for (const message of some) {
        const partition = key === undefined ? 0 : Number(BigInt.asUintN(64, BigInt(key(message))) % BigInt(partitions))
        const log = broker.topics.log({ topic: input, partition })
        const value = numberBytes(messages.push(message) - 1)
        log.append({ key: null, value, headers: [], timestamp: broker.now(), mark: undefined })
      }
    },
    between: (operator) =>
      kafkaRecords({ topic: input, group: input }).pipe(
        map(({ value }) => messages[numberIn(value!)]!),
        operator,
        map((message) => numberBytes(taken.push(message) - 1)),
        toSink(kafkaSink({ topic: output })),
      ),
    outputs() {
      const log = broker.topics.log(place)
      return log.read(log.low, Infinity, 'committed').entries.map(({ value }) => taken[numberIn(value!)]!)
    },
    get isBehind() {
      const { partitions: count } = broker.topics.find(input)!
      for (let partition = 0; partition < count; partition++) {
        const from = { topic: input, partition }
        if ((offsets.at(from) ?? 0) < broker.topics.log(from).end) return true
      }
      return false
    },
  }
}

const numberBytes = (number: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(number)
  return bytes
}

const numberIn = (bytes: Uint8Array): number => Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE()
