import type { TeardownLogic } from 'rxjs'
import { within } from '../../context/context.ts'
import type { SourceSubscription } from '../../source/source.ts'
import type { LifeTransactions } from '../worker/life.ts'
import { offsetsFrom } from './from.ts'
import { handOverTo, type ReadOptions } from './handOver.ts'

export interface OnClusterOptions<Message> extends ReadOptions<Message> {
  readonly name: string
  readonly group: string | undefined
  readonly transactions: LifeTransactions
}

/** Reads what the group gives to this worker. */
export function subscribeOnCluster<Message>(
  { topics, from, group, name, messageOf, transactions }: OnClusterOptions<Message>,
  subscription: SourceSubscription<Message>,
): TeardownLogic {
  const { output, context, opened, isIntermediate } = subscription
  const { holds } = context.backPressure
  const { stopping } = context.shutdown
  const { client, connection } = transactions
  const handOver = handOverTo(subscription, context, messageOf)
  let ended = false
  isIntermediate() // what has been processed is in the transactions
  const unsubscribe = transactions.subscribe({
    group: group ?? `${transactions.application}.${context.pipeline ?? ''}.${name}`,
    topics,
    opened,
    held: () => ended || holds.held,
    onFree: (resume) => {
      holds.onFree(resume)
    },
    chunk: 64,
    async beginning(place) {
      const [offset] = await offsetsFrom(client, [place], from, connection.timeout)
      return offset!
    },
    handOver(records) {
      within(context, handOver, records)
    },
  })
  const complete = (): void => {
    ended = true
    unsubscribe()
    output.complete()
  }
  stopping.addEventListener('abort', complete, { once: true })
  return () => {
    ended = true
    stopping.removeEventListener('abort', complete)
    unsubscribe()
  }
}
