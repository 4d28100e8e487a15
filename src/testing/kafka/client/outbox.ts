import { createDeferred, type Deferred } from '../../../base/deferred.ts'
import type { NewRecord } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import type { Process } from '../process/process.ts'

/** Records that a producer has taken, on their way to the broker. */
export interface Outbox {
  /** `false`: there is no room. */
  put(record: NewRecord): boolean
  /** What waits is not sent. */
  clear(): void
  /** Resolves when everything has arrived. Rejects with why the first record that did not arrive did not. */
  flushed(timeout: number): Promise<void>
  /** Why a record has not arrived; told by each flush until it is forgotten. */
  undelivered: unknown
}

/** Records that wait to be sent. */
const room = 100_000

/** `write` has the broker take one batch. */
export function createOutbox(process: Process, write: (batch: readonly NewRecord[]) => Promise<void>): Outbox {
  let waiting: NewRecord[] = []
  let isSending = false
  let sent: Deferred<void> | undefined

  /** All that waits when it gets there is one batch. */
  const arrive = (): Promise<void> => {
    const batch = waiting
    waiting = []
    return write(batch)
  }

  /** One batch after the other; what is lost on the way is sent again. */
  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      await process.call('writing', Infinity, arrive).catch((error: unknown) => {
        self.undelivered ??= error
      })
      if (process.isDead) return
    }
    isSending = false
    sent?.resolve()
    sent = undefined
  }

  const self: Outbox = {
    undelivered: undefined,
    put(record) {
      if (waiting.length >= room) return false
      waiting.push({
        ...record,
        key: record.key && Buffer.from(record.key),
        value: record.value && Buffer.from(record.value),
      })
      if (!isSending) {
        isSending = true
        void sendAll()
      }
      return true
    },
    clear() {
      waiting = []
    },
    async flushed(timeout) {
      if (isSending || waiting.length > 0) {
        sent ??= createDeferred()
        const { promise } = sent
        await process.sleep(timeout, (wake) => void promise.then(wake))
        if (isSending || waiting.length > 0) throw new KafkaError('unreachable', 'records have not arrived', -185)
      }
      if (self.undelivered !== undefined) throw self.undelivered as Error
    },
  }
  return self
}
