import { defer, filter, type MonoTypeOperatorFunction } from 'rxjs'

/** What a sensor measured. */
export interface Reading {
  readonly sensor: number
  readonly degrees: number
}

/** An operator of one's own: drops a reading that is the same as the one before it of its sensor. */
export function dropRepeats(): MonoTypeOperatorFunction<Reading> {
  return (readings) =>
    defer(() => {
      const last = new Map<number, number>() // born with the subscription
      return readings.pipe(filter(isNew(last)))
    })
}

/** The same with a mistake that is easily made: the Map is there once, for all subscriptions. */
export function brokenDropRepeats(): MonoTypeOperatorFunction<Reading> {
  const last = new Map<number, number>()
  return filter(isNew(last))
}

const isNew =
  (last: Map<number, number>) =>
  ({ sensor, degrees }: Reading): boolean => {
    const isRepeat = last.get(sensor) === degrees
    last.set(sensor, degrees)
    return !isRepeat
  }
