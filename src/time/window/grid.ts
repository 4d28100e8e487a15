import type { AlignedWindow } from './window.ts'

/**
 * The start of the newest window that contains a time. By a remainder, which is exact, and not by a quotient, which is
 * rounded: a time just before an edge must not fall behind it.
 */
export function newestStart(time: number, { every, offset }: AlignedWindow): number {
  const into = (time - offset) % every
  return into < 0 ? time - (into + every) : time - into
}

/** The start of the oldest window that contains all times from `from` until before `to`. */
export function oldestStart(from: number, to: number, window: AlignedWindow): number {
  const newest = newestStart(from, window)
  return newest - Math.floor((newest + window.size - to) / window.every) * window.every
}

/** The length of the pieces that all windows can be put together from. */
export function paneOf({ size, every }: AlignedWindow): number {
  let [one, other] = [size, every]
  while (other !== 0) [one, other] = [other, one % other]
  return one
}
