import { invalidOption } from '../../base/option.ts'
import { named } from '../computation.ts'
import type { TimedEntity, TimerName } from '../../time/timers.ts'

/** A state computation as users give it. */
interface StatefulForm<In, State, Result, Outputs> {
  readonly name?: string
  compute(message: In, state: State, entity: TimedEntity): Result
  onTimer?(name: TimerName, at: number, state: State, entity: TimedEntity): Result
  onExpire?(state: State, key: bigint): Outputs
}

/** A state computation as steps take it. */
export interface Stateful<In, State, Result, Outputs> {
  readonly name: string
  readonly compute: (message: In, state: State, entity: TimedEntity) => Result
  readonly onTimer: ((name: TimerName, at: number, state: State, entity: TimedEntity) => Result) | undefined
  readonly onExpire: ((state: State, key: bigint) => Outputs) | undefined
}

/** What a state step does, and the name it is known by. Throws `OPTION_INVALID` for timers that nobody takes. */
export function stateful<In, State, Result, Outputs>(
  form: StatefulForm<In, State, Result, Outputs> | StatefulForm<In, State, Result, Outputs>['compute'],
  role: string,
): Stateful<In, State, Result, Outputs> {
  const { name, compute } = named(form, role)
  const { onTimer, onExpire } = form as Partial<StatefulForm<In, State, Result, Outputs>>
  if (onTimer !== undefined && typeof onTimer !== 'function') {
    throw invalidOption(`onTimer of ${name}`, 'a function', onTimer)
  }
  if (onTimer === undefined && (typeof form === 'function' ? form.length : form.compute.length) > 2) {
    throw invalidOption(`the computation ${name}`, 'an object with onTimer, since it takes timers', 'none')
  }
  if (onExpire !== undefined && typeof onExpire !== 'function') {
    throw invalidOption(`onExpire of ${name}`, 'a function', onExpire)
  }
  const timed = form as Required<StatefulForm<In, State, Result, Outputs>>
  return {
    name,
    compute: onTimer === undefined ? compute : (message, state, entity) => timed.compute(message, state, entity),
    onTimer: onTimer && ((timer, at, state, entity) => timed.onTimer(timer, at, state, entity)),
    onExpire: onExpire && ((state, key) => timed.onExpire(state, key)),
  }
}
