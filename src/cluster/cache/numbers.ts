import type { OpenStore } from '../../store/store.ts'
import { mostNumbers, numberKey, numberName, numbersPrefix, numberValue } from './layout.ts'
import type { Overlay } from './overlay.ts'

/** What state partitions are called in the cache, by name: a life numbers them anew, as its program uses them. */
export function createNumbers(store: OpenStore, overlay: Pick<Overlay, 'putCommitted'>): (partition: string) => number {
  const numbers = new Map<string, number>()
  for (const { key, value } of store.range(numbersPrefix)) numbers.set(numberName(key), value.readUInt16BE())
  let next = Math.max(0, ...numbers.values()) + 1

  return (partition) => {
    const known = numbers.get(partition)
    if (known !== undefined) return known
    if (next === mostNumbers) throw new RangeError(`more than ${mostNumbers - 1} state partitions in one cache`)
    const number = next++
    numbers.set(partition, number)
    // With, or before, the first of what is under it.
    overlay.putCommitted({ key: numberKey(partition), value: numberValue(number) })
    return number
  }
}
