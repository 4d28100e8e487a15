import type { Clock } from '../base/clock.ts'
import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'

/** For how long a worker tries in vain. */
export interface RetryLimit {
  /**
   * A life has ended, or could not begin. Throws `CLUSTER_COMMIT_TIMEOUT` where none since the last that had committed
   * something has done so for too long.
   */
  failed(reason: unknown, hasCommitted: boolean): void
}

/** `longest`, in ms. */
export function createRetryLimit(clock: Clock, worker: string, longest: number): RetryLimit {
  let since: number | undefined
  return {
    failed(reason, hasCommitted) {
      if (hasCommitted || since === undefined) since = clock.elapsed()
      const tried = clock.elapsed() - since
      if (tried <= longest) return
      throw new WallarxError('CLUSTER_COMMIT_TIMEOUT', {
        expected: `worker ${worker} to commit something within ${longest} ms (option commitTimeout)`,
        got: `nothing for ${Math.round(tried)} ms; what it had committed before is whole. At last: ${shown(reason)}`,
        cause: reason,
      })
    },
  }
}
