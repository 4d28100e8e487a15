import { createGate } from '../../context/backPressure.ts'
import type { SinkContext, SinkWriter } from '../../sink/sink.ts'
import type { LifeTransactions } from '../worker/life.ts'
import { checkPartition, sizeOf, type Output } from './output.ts'

/** Bytes, about, that a record takes in memory besides what is in it: here and in the client. */
const besides = 300

/** What a writer is made from. */
export interface WriterOptions<Message> {
  readonly name: string
  readonly topic: string
  /** Bytes that wait, from which on the pipeline is held. */
  readonly highWaterMark: number
  /** Throws what a message cannot be written for. */
  readonly make: (message: Message) => Output
  readonly context: SinkContext
}

/** Writes records that are part of the transactions of a worker. */
export function openInTransactions<Message>({
  name,
  topic,
  highWaterMark,
  make,
  context,
  transactions,
}: WriterOptions<Message> & { readonly transactions: LifeTransactions }): SinkWriter<Message> {
  const gate = createGate(context.holds, `${name}: Kafka transaction`)
  let waiting = 0
  transactions.writesTo(topic)
  const { meter } = context
  if (meter !== undefined) meter.buffer = () => ({ used: waiting, highWaterMark, unit: 'bytes' })
  const begun = (): void => {
    waiting = 0
    gate.open()
  }
  return {
    write(message) {
      const output = make(message)
      const partitions = transactions.partitions(topic)
      checkPartition(output, partitions)
      transactions.refusals.check(output)
      transactions.write(output, partitions !== undefined)
      if (waiting === 0) transactions.onBegin(begun)
      waiting += sizeOf(output) + besides
      if (meter !== undefined) meter.bytes += sizeOf(output)
      if (waiting >= highWaterMark) gate.close()
    },
    flush: () => Promise.resolve(undefined), // the transaction takes it along
    close: () => Promise.resolve(undefined),
    abort: gate.open,
  }
}
