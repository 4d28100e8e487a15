import { invalidOption } from '../../base/option.ts'
import { named } from '../computation.ts'
import type { TimedEntity, TimerName } from '../../time/timers.ts'

/** A state computation as users give it. */
interface StatefulForm<In, State, Result> {
  readonly name?: string
  compute(message: In, state: State, entity: TimedEntity): Result
  onTimer?(name: TimerName, at: number, state: State, entity: TimedEntity): Result
}

/** A state computation as steps take it. */
export interface Stateful<In, State, Result> {
  readonly name: string
  readonly compute: (message: In, state: State, entity: TimedEntity) => Result
  readonly onTimer: ((name: TimerName, at: number, state: State, entity: TimedEntity) => Result) | undefined
}

/** What a state step does, and the name it is known by. Throws `OPTION_INVALID` for timers that nobody takes. */
export function stateful<In, State, Result>(
  form: StatefulForm<In, State, Result> | StatefulForm<In, State, Result>['compute'],
  role: string,
): Stateful<In, State, Result> {
  const { name, compute } = named(form, role)
  const { onTimer } = form as Partial<StatefulForm<In, State, Result>>
  if (onTimer !== undefined && typeof onTimer !== 'function') {
    throw invalidOption(`onTimer of ${name}`, 'a function', onTimer)
  }
  if (onTimer === undefined && (typeof form === 'function' ? form.length : form.compute.length) > 2) {
    throw invalidOption(`the computation ${name}`, 'an object with onTimer, since it takes timers', 'none')
  }
  if (onTimer === undefined) return { name, compute, onTimer }
  const timed = form as Required<StatefulForm<In, State, Result>>
  return {
    name,
    compute: (message, state, entity) => timed.compute(message, state, entity),
    onTimer: (timer, at, state, entity) => timed.onTimer(timer, at, state, entity),
  }
}
