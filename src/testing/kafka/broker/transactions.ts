import { createDeferred, type Deferred } from '../../../base/deferred.ts'
import type { PlaceAt } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Log, Mark, NewEntry } from './log.ts'
import type { Offsets } from './offsets.ts'

/** Says who a producer with a transactional id is: a later one with this id has a higher epoch. */
export interface Identity {
  readonly transactionalId: string
  readonly epoch: number
}

/** The transactions of a broker. All calls throw or reject with `fenced` where another producer has the id. */
export interface Transactions {
  /** Ends what an earlier producer with this id has left open. `timeout`, in ms: of its transactions. */
  begin(transactionalId: string, timeout: number): Promise<Identity>
  /** Resolves when everything of the transaction before shows: the next one may write. */
  ready(identity: Identity): Promise<void>
  append(identity: Identity, log: Log, entry: Omit<NewEntry, 'mark'>): void
  sendOffsets(identity: Identity, group: Offsets, offsets: readonly PlaceAt[]): void
  /** Decides: it shows a little later. */
  end(identity: Identity, outcome: 'committed' | 'aborted'): void
  /** The ids of those that are open, or whose outcome does not show yet. */
  open(): string[]
  /** Aborts the one that is open, as if its time were over. */
  expire(transactionalId: string): void
}

interface Producer {
  epoch: number
  timeout: number
  transaction: Transaction | undefined
  /** Resolves when the outcome of the last one shows. */
  ending: Deferred<void> | undefined
}

interface Transaction {
  readonly mark: Mark
  readonly logs: Set<Log>
  readonly groups: Set<Offsets>
  readonly forgetTimeout: () => void
}

export interface TransactionsOptions {
  /** In ms since 1970. */
  readonly now: () => number
  /** Does something later, when the broker is up. */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** How long something takes inside the broker, in ms. */
  readonly delay: () => number
}

export function createTransactions({ now, after, delay }: TransactionsOptions): Transactions {
  const producers = new Map<string, Producer>()

  const find = ({ transactionalId, epoch }: Identity): Producer => {
    const found = producers.get(transactionalId)!
    if (found.epoch !== epoch) throw new KafkaError('fenced', `another producer is ${transactionalId}`, 90)
    return found
  }

  const transactionOf = (identity: Identity): Transaction => {
    const producer = find(identity)
    if (producer.ending !== undefined) throw new KafkaError('again', 'the transaction before is being ended', 51)
    producer.transaction ??= {
      mark: { outcome: 'open' },
      logs: new Set(),
      groups: new Set(),
      forgetTimeout: after(producer.timeout, () => {
        expire(producer)
      }),
    }
    return producer.transaction
  }

  const end = (producer: Producer, outcome: 'committed' | 'aborted'): void => {
    const { transaction } = producer
    if (transaction === undefined) return
    const { mark, logs, groups, forgetTimeout } = transaction
    forgetTimeout()
    producer.transaction = undefined
    mark.outcome = outcome
    const ending = createDeferred()
    producer.ending = ending
    const markers = [
      ...[...logs].map((log) => () => {
        log.conclude(mark, now())
      }),
      ...[...groups].map((group) => () => {
        group.conclude(mark)
      }),
    ]
    let left = markers.length
    for (const write of markers) {
      after(delay(), () => {
        write()
        if (--left > 0) return
        producer.ending = undefined
        ending.resolve()
      })
    }
  }

  const expire = (producer: Producer): void => {
    if (producer.transaction === undefined) return
    producer.epoch++
    end(producer, 'aborted')
  }

  return {
    async begin(transactionalId, timeout) {
      let producer = producers.get(transactionalId)
      if (producer === undefined) {
        producer = { epoch: -1, timeout, transaction: undefined, ending: undefined }
        producers.set(transactionalId, producer)
      }
      producer.timeout = timeout
      while (producer.transaction !== undefined || producer.ending !== undefined) {
        expire(producer) // fences it at once
        await producer.ending?.promise
      }
      const epoch = ++producer.epoch
      return { transactionalId, epoch }
    },
    async ready(identity) {
      for (;;) {
        const { ending } = find(identity)
        if (ending === undefined) return
        await ending.promise
      }
    },
    append(identity, log, entry) {
      const { mark, logs } = transactionOf(identity)
      logs.add(log)
      log.append({ ...entry, mark })
    },
    sendOffsets(identity, group, offsets) {
      const { mark, groups } = transactionOf(identity)
      groups.add(group)
      group.stage(mark, offsets)
    },
    end(identity, outcome) {
      end(find(identity), outcome)
    },
    open: () =>
      [...producers].flatMap(([id, { transaction, ending }]) =>
        transaction === undefined && ending === undefined ? [] : [id],
      ),
    expire(transactionalId) {
      const producer = producers.get(transactionalId)
      if (producer !== undefined) expire(producer)
    },
  }
}
