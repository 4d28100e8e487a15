import type { Context } from '../../context/context.ts'
import type { SourceSubscription } from '../../source/source.ts'
import type { KafkaRecord, Place } from '../client.ts'
import type { Beginning } from './from.ts'

/** What is read, and how a record becomes a message. */
export interface ReadOptions<Message> {
  readonly topics: readonly string[]
  readonly from: Beginning
  /** `undefined`: it is none. */
  readonly messageOf: (record: KafkaRecord) => Message | undefined
}

/** What a partition is called as an origin of this source. */
export const originOf = (source: string, { topic, partition }: Place): string => `${source}/${topic}[${partition}]`

/**
 * Hands records over one by one, as long as somebody takes them; each stands in the dead letters that it leads to
 * meanwhile. `passed` is called for each before. Each partition is an origin of its own.
 */
export function handOverTo<Message>(
  { output, meter, origin }: Pick<SourceSubscription<Message>, 'output' | 'meter' | 'origin'>,
  { report, time: { register, pipeline } }: Context,
  messageOf: ReadOptions<Message>['messageOf'],
): (records: readonly KafkaRecord[], passed: (record: KafkaRecord) => void) => void {
  const origins = new Map<string, string[]>()
  const originOfRecord = (record: KafkaRecord): string => {
    let ofTopic = origins.get(record.topic)
    if (ofTopic === undefined) origins.set(record.topic, (ofTopic = []))
    return (ofTopic[record.partition] ??= originOf(origin, record))
  }
  return (records, passed) => {
    for (const record of records) {
      if (output.closed) break
      passed(record)
      const message = messageOf(record)
      if (message === undefined) continue
      if (pipeline.used) register.origin = originOfRecord(record)
      report.handingOver?.(record)
      meter?.taken(record.value?.length ?? 0)
      output.next(message)
      meter?.handedOver()
    }
    report.handingOver?.(undefined)
  }
}
