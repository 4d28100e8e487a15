import { expiry } from '../../state/timers/timerName.ts'
import type { StateResult } from '../computation.ts'
import { isPromise } from '../async/concurrencyLimit.ts'
import type { TimedStepOptions } from './options.ts'

type Computing<In, State, Outputs> = Pick<TimedStepOptions<In, State, Outputs>, 'compute' | 'onTimer'>

/** The same with entities that expire: each message sets the timer anew by which its entity goes. */
export function expiring<In, State, Outputs>(
  { compute, onTimer }: Computing<In, State, Outputs>,
  expireAfter: number,
  onExpire: ((state: State, key: bigint) => unknown) | undefined,
): Computing<In, State, Outputs> {
  return {
    compute(message, state, entity) {
      entity.expireAfter(expireAfter)
      return compute(message, state, entity)
    },
    onTimer(name, at, state, entity) {
      if (name !== expiry) return onTimer(name, at, state, entity)
      const outputs = onExpire?.(state, entity.key)
      entity.remove()
      return isPromise(outputs) ? outputs.then(goneWith) : goneWith(outputs)
    },
  }
}

const goneWith = (outputs: unknown): StateResult<unknown> => [outputs, false]
