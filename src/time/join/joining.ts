import { onlyChanged, type TimedComputation, type TimedResult } from '../computation.ts'
import { tooLate, type LatePolicy } from '../late.ts'
import type { TimedEntity } from '../timers.ts'
import { insertByTime, justAfter, placeOfTime, type Kept } from './kept.ts'

/** A message of one of the two sides, with its time: what brings both together may delay it. */
export type Sided<Left, Right> =
  | { readonly side: 'left'; readonly message: Left; readonly t: number }
  | { readonly side: 'right'; readonly message: Right; readonly t: number }

export interface JoinSettings<Left, Right, Out, Late> {
  /** How much earlier than the left one, and how much later, the right one may be. */
  readonly before: number
  readonly after: number
  readonly unmatched: boolean
  readonly late: LatePolicy<Left | Right, Late> | undefined
  readonly combine: (left: Left, right: Right | undefined) => Out | undefined
}

/** The state of an entity: what can still meet something, of both sides, by time and then by arrival. */
export interface Waiting<Left, Right> {
  readonly left: Kept<Left>[]
  readonly right: Kept<Right>[]
  /** The time after which the first of them can meet nothing more, and the name of the timer; Infinity: none. */
  lastMeeting: number
}

export const nothingWaits = (): Waiting<never, never> => ({ left: [], right: [], lastMeeting: Infinity })

/** The join by interval: one timer for each entity, at the time when the first of what waits can meet nothing more. */
export function joining<Left, Right, Out, Late>(
  { before, after, unmatched, late, combine }: JoinSettings<Left, Right, Out, Late>,
  name: string,
): TimedComputation<Sided<Left, Right>, Waiting<Left, Right>, Out | Late> {
  /** Sets the timer behind the first last meeting: who comes later is too late for that one. */
  const wake = (waiting: Waiting<Left, Right>, entity: TimedEntity): void => {
    const { left, right } = waiting
    const last = Math.min(
      left.length > 0 ? left[0]!.t + after : Infinity,
      right.length > 0 ? right[0]!.t + before : Infinity,
    )
    if (last === waiting.lastMeeting) return
    if (waiting.lastMeeting !== Infinity) entity.clear(waiting.lastMeeting)
    waiting.lastMeeting = last
    if (last !== Infinity) entity.set(last, justAfter(last))
  }

  const meet = ({ side, message, t }: Sided<Left, Right>, waiting: Waiting<Left, Right>): TimedResult<Out>[0] => {
    let outputs: (Out | undefined)[] | undefined
    if (side === 'left') {
      const me: Kept<Left> = { t, message, met: false }
      const others = waiting.right
      for (let at = placeOfTime(others, t - before); at < others.length && others[at]!.t <= t + after; at++) {
        me.met = true
        ;(outputs ??= []).push(combine(message, others[at]!.message))
      }
      insertByTime(waiting.left, me)
      return outputs
    }
    const others = waiting.left
    for (let at = placeOfTime(others, t - after); at < others.length && others[at]!.t <= t + before; at++) {
      others[at]!.met = true
      ;(outputs ??= []).push(combine(others[at]!.message, message))
    }
    insertByTime(waiting.right, { t, message, met: false })
    return outputs
  }

  return {
    name,
    compute(input, waiting, entity): TimedResult<Out | Late> {
      const { message, t } = input
      const { now } = entity
      if (t < now) {
        if (waiting.left.length === 0 && waiting.right.length === 0) entity.remove()
        return tooLate<Left | Right, Late>(message, t, now, late, 'is not before the watermark')
      }
      const outputs = meet(input, waiting)
      wake(waiting, entity)
      return outputs === undefined ? onlyChanged : [outputs, true]
    },
    onTimer(_name, at, waiting, entity) {
      waiting.lastMeeting = Infinity
      const { left, right } = waiting
      let over = 0
      let outputs: (Out | undefined)[] | undefined
      for (; over < left.length && left[over]!.t + after < at; over++) {
        const one = left[over]!
        if (unmatched && !one.met) (outputs ??= []).push(combine(one.message, undefined))
      }
      left.splice(0, over)
      over = 0
      while (over < right.length && right[over]!.t + before < at) over++
      right.splice(0, over)
      if (left.length === 0 && right.length === 0) entity.remove()
      else wake(waiting, entity)
      return [outputs, true]
    },
  }
}
