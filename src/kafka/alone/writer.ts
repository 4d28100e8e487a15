import { systemClock } from '../../base/clock.ts'
import { createGate } from '../../context/backPressure.ts'
import type { SinkWriter } from '../../sink/sink.ts'
import type { KafkaClient, KafkaProducer } from '../client.ts'
import type { Connection } from '../connection.ts'
import { kafkaFailure } from '../failure.ts'
import { KafkaError } from '../fault.ts'
import { refuse, sizeOf, tooLarge, type Output } from '../output/output.ts'
import { createPlacing } from '../output/placing.ts'
import type { WriterOptions } from '../output/writer.ts'
import { createPartitionCounts, type PartitionCounts } from '../topics.ts'

export interface AloneWriterOptions<Message> extends WriterOptions<Message> {
  readonly connection: Connection
  readonly connect: () => Promise<KafkaClient>
}

interface Opened {
  readonly client: KafkaClient
  readonly producer: KafkaProducer
  readonly counts: PartitionCounts
}

/** Only for transactions. */
const transactionTimeout = 60_000

/**
 * Writes records with a producer of its own, idempotent and without transactions: at least once. What waits is sent in
 * one go, and counts as handed over when all of it has arrived.
 */
export function openAlone<Message>(options: AloneWriterOptions<Message>): SinkWriter<Message> {
  const { name, topic, highWaterMark, make, context, connection, connect } = options
  const { timeout } = connection
  const brokers = connection.brokers.join(',')
  const gate = createGate(context.holds, `${name}: Kafka`)
  const { place } = createPlacing()
  /** Not given to the client yet. */
  let waiting: Output[] = []
  /** Of all that has not arrived. */
  let bytes = 0
  let sending: Promise<void> | undefined
  let hasFailed = false
  let isOver = false

  const open = async (): Promise<Opened> => {
    const client = await connect()
    try {
      const counts = createPartitionCounts({ client, brokers, timeout, clock: systemClock })
      await counts.ask([topic])
      const producer = await client.producer({ transactionalId: undefined, transactionTimeout }, timeout)
      return { client, producer, counts }
    } catch (error) {
      void client.close(timeout)
      throw error
    }
  }

  const fail = (cause: unknown): void => {
    if (hasFailed || isOver) return
    hasFailed = true
    waiting = []
    context.fail(kafkaFailure(`to write to ${topic} at ${brokers}`, cause).at({ sink: name }))
  }
  const opened = open()
  opened.catch(fail)

  /** Resolves to whether all of these have arrived; they may have where not. */
  const send = async (outputs: readonly Output[], { producer, counts }: Opened): Promise<boolean> => {
    const partitions = (await counts.ask([topic])).get(topic)!
    try {
      for (const output of outputs) {
        if (!place(output, partitions)) continue
        while (!producer.produce(output)) await producer.drained()
      }
      await producer.flush(timeout)
      return true
    } catch (error) {
      if (!(error instanceof KafkaError) || error.fault !== 'too large') throw error
      await producer.flush(timeout).catch(() => undefined) // what was taken before it
      return false
    }
  }

  const sendAll = async (): Promise<void> => {
    try {
      const to = await opened
      while (waiting.length > 0 && !isOver) {
        const outputs = waiting
        waiting = []
        if (!(await send(outputs, to))) {
          // One of them is too large: each by itself shows which, and comes again where it had arrived.
          for (const output of outputs) if (!(await send([output], to))) refuse(output, tooLarge(output, undefined))
        }
        for (const output of outputs) bytes -= sizeOf(output) + 1
        if (bytes <= highWaterMark / 2) gate.open()
      }
    } catch (error) {
      fail(error)
    } finally {
      sending = undefined
    }
  }

  const flush = async (): Promise<undefined> => {
    await opened
    while (sending !== undefined) await sending
    if (hasFailed) await new Promise(() => undefined) // whoever waits for it must not go on
    return undefined
  }
  const closeClient = (): Promise<void> =>
    opened.then(
      ({ client }) => client.close(timeout),
      () => undefined,
    )

  return {
    write(message) {
      if (hasFailed || isOver) return
      const output = make(message)
      waiting.push(output)
      bytes += sizeOf(output) + 1
      if (bytes >= highWaterMark) gate.close()
      sending ??= sendAll()
    },
    flush: () => flush().catch(() => new Promise(() => undefined)),
    async close() {
      while (sending !== undefined) await sending
      if (isOver) return
      isOver = true
      await closeClient()
    },
    abort() {
      if (isOver) return
      isOver = true
      waiting = []
      gate.open()
      void closeClient()
    },
  }
}
