import { CallStorage } from '#platform'
import type { Clock } from '../base/clock.ts'
import type { Entities } from '../state/entities.ts'
import type { BackPressure } from './backPressure.ts'
import type { Endpoints } from './endpoint.ts'
import type { Meter } from './meter.ts'
import type { Report } from './report.ts'
import type { Shutdown } from './shutdown.ts'
import type { ContextTime } from './time/pipelineTime.ts'

/**
 * What the steps of one pipeline share without its standing in `pipe()`. It flows from the subscriber up to the source
 * when a pipeline is subscribed to; an operator asks for it once, then. Under `run` there is one for each pipeline;
 * elsewhere the most downstream of our operators makes one that stands alone.
 */
export interface Context {
  /** The pipeline's name under `run`. */
  readonly pipeline: string | undefined
  /** One table a state partition for each context that stands alone, one for all pipelines of a `run`. */
  readonly entities: Entities
  readonly backPressure: BackPressure
  readonly shutdown: Shutdown
  readonly report: Report
  readonly endpoints: Endpoints
  readonly clock: Clock
  readonly time: ContextTime
  /** Absent: nothing is measured, and costs nothing. */
  readonly meter: Meter | undefined
}

// The one module-level value operators share: not state, but the place where the context of the present call is found.
const storage = new CallStorage<Context>()

export function currentContext(): Context | undefined {
  return storage.getStore()
}

/**
 * Calls `work` inside a context. A source does so for each chunk it hands over, because the storage does not follow
 * every event (the `data` events of an accepted socket, for one).
 */
export function within<Args extends unknown[], Result>(
  context: Context,
  work: (...args: Args) => Result,
  ...args: Args
): Result {
  return storage.run(context, work, ...args)
}
