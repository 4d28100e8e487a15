import { createKeyIndex, type KeyIndex } from './keyIndex.ts'

/**
 * An index that has the keys of these slots, which are in order, at 0, 1, 2, …; moves their states there, and tells
 * `forget` the other keys.
 */
export function renumbered(
  slots: readonly number[],
  index: KeyIndex,
  states: unknown[],
  forget: (low: number, high: number) => void,
): KeyIndex {
  const result = createKeyIndex()
  const before = states.slice()
  states.length = 0
  for (let slot = 0; slot < before.length; slot++) {
    const [low, high] = [index.low(slot), index.high(slot)]
    if (slots[states.length] === slot) {
      states.push(before[slot])
      result.add(low, high)
    } else if (index.find(low, high) === slot) forget(low, high) // otherwise it is free
  }
  return result
}
