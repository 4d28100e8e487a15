import { failureOf, WallarxError, type Where } from '../../base/errors.ts'
import { invalidOption } from '../../base/option.ts'
import { shown } from '../../base/shown.ts'
import type { Context } from '../../context/context.ts'
import type { TimerName } from '../../state/timers/timerName.ts'
import type { Output } from '../output.ts'

/** Timers that fire without a message in between because they were set to a time that was there already. */
export const mostAtOnce = 1_000_000
/** The same timer, which is set again to a time that is not later. */
export const mostWithoutProgress = 1000

/** Nothing was changed for a message that was refused so. */
export const isBadInput = (thrown: unknown): boolean => thrown instanceof WallarxError && thrown.kind === 'bad input'

export const timerFailed = (name: TimerName, thrown: unknown, where: Where): WallarxError =>
  failureOf('TIMER_FAILED', `onTimer to take the timer ${shown(name)}`, thrown, where)

export const timerLoop = (name: TimerName, at: number, where: Where): WallarxError =>
  new WallarxError('TIMER_LOOP', {
    expected:
      `a timer that is set again to be set to a later time: at most ${mostWithoutProgress} times to one that is not, ` +
      `and at most ${mostAtOnce} timers that were due when they were set, without a message in between`,
    got: `one more: the timer ${shown(name)} at ${at}`,
    where,
  })

export const inUseBy = ({ partition }: Where): WallarxError =>
  invalidOption('a state partition', 'used by one step with timers at a time', `${String(partition)}, by a second one`)

/**
 * What becomes of a failure without a message: a dead letter where that may be, otherwise the end of the run. Where
 * state is kept, no checkpoint may see what is half changed.
 */
export function failTimer(
  output: Output<never>,
  { report }: Context,
  persistent: boolean,
): (error: WallarxError) => void {
  return (error) => {
    if (!persistent && error.code !== 'TIMER_LOOP' && report.reject(error, undefined)) return
    output.error(error)
    if (persistent) report.poison(error)
  }
}
