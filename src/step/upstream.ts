import type { Context } from '../context/context.ts'
import type { NodeMeter } from '../context/meter.ts'

/* How steps and sources find each other in Rx, past operators that are not ours. */

/** The context of a subscriber of ours for what is upstream. */
export const contextAbove = Symbol('wallarx.contextAbove')

/** What a subscriber of ours is measured by. */
export const meteredBy = Symbol('wallarx.meteredBy')

/** What an Observable of ours was made of: a step, or a source. */
export const madeOf = Symbol('wallarx.madeOf')

const farthest = 100 // operators that are not ours, one behind the other

interface Linked {
  readonly destination?: Linked | null
  readonly [contextAbove]?: Context
  readonly [meteredBy]?: NodeMeter | undefined
}

/** Down from a subscriber: RxJS keeps in each the one that it leads to. */
function below<Found>(subscriber: unknown, what: (at: Linked) => Found | undefined): Found | undefined {
  let at = subscriber as Linked | null | undefined
  for (let passed = 0; passed < farthest && typeof at === 'object' && at !== null; passed++) {
    const found = what(at)
    if (found !== undefined) return found
    at = at.destination
  }
  return undefined
}

export const meterBelow = (subscriber: unknown): NodeMeter | undefined => below(subscriber, (at) => at[meteredBy])

/**
 * The context of whom a subscription leads to: for one that is made later, such as by `retry` after a time, where the
 * platform does not know it any more.
 */
export const contextBelow = (subscriber: unknown): Context | undefined => below(subscriber, (at) => at[contextAbove])

/** Up from an Observable: RxJS keeps in each the one that it was made from. */
export function stepAbove(observable: unknown): object | undefined {
  let at = observable as { source?: unknown; [madeOf]?: object } | undefined
  for (let passed = 0; passed < farthest && typeof at === 'object'; passed++) {
    if (at[madeOf] !== undefined) return at[madeOf]
    at = at.source as typeof at
  }
  return undefined
}
