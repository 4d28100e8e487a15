import type { NodeMeter } from '../context/meter.ts'

/* How steps and sources find each other in Rx, past operators that are not ours. */

/** What a subscriber of ours is measured by. */
export const meteredBy = Symbol('wallarx.meteredBy')

/** What an Observable of ours was made of: a step, or a source. */
export const madeOf = Symbol('wallarx.madeOf')

const farthest = 100 // operators that are not ours, one behind the other

/** Down from a subscriber: RxJS keeps in each the one that it leads to. */
export function meterBelow(subscriber: unknown): NodeMeter | undefined {
  let at = subscriber as { destination?: unknown; [meteredBy]?: NodeMeter | undefined } | undefined
  for (let passed = 0; passed < farthest && typeof at === 'object'; passed++) {
    if (at[meteredBy] !== undefined) return at[meteredBy]
    at = at.destination as typeof at
  }
  return undefined
}

/** Up from an Observable: RxJS keeps in each the one that it was made from. */
export function stepAbove(observable: unknown): object | undefined {
  let at = observable as { source?: unknown; [madeOf]?: object } | undefined
  for (let passed = 0; passed < farthest && typeof at === 'object'; passed++) {
    if (at[madeOf] !== undefined) return at[madeOf]
    at = at.source as typeof at
  }
  return undefined
}
