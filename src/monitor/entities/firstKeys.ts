import type { EntityTable } from '../../state/entityTable.ts'

/** Slots that are looked at in one turn of the event loop: some 100 µs. */
const slice = 10_000

/**
 * The first `count` keys of the entities in memory, in order, from the one after `after` on. It looks at each key once,
 * in slices, between which everything else has its turn.
 *
 * An entity that comes while it looks is found or not; one that leaves memory meanwhile is in the store.
 */
export async function firstKeys(
  table: Pick<EntityTable<unknown>, 'size' | 'low' | 'high'>,
  after: bigint | undefined,
  count: number,
): Promise<BigUint64Array> {
  const found = createFirst(count)
  const from = after === undefined ? 0n : after + 1n
  if (from >> 64n > 0n) return found.all()
  const fromHigh = Number(from >> 32n)
  const fromLow = Number(from & 0xffffffffn)

  // Not within the loop that waits, which is not made as fast.
  const look = (start: number, end: number): void => {
    for (let slot = start; slot < end; slot++) {
      const high = table.high(slot) >>> 0
      if (high < fromHigh) continue
      const low = table.low(slot) >>> 0
      if (high > fromHigh || low >= fromLow) found.add(low, high)
    }
  }
  for (let start = 0; start < table.size; start += slice) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve))
    look(start, Math.min(start + slice, table.size))
  }
  return found.all()
}

interface First {
  /** Halves of a key, unsigned. */
  add(low: number, high: number): void
  all(): BigUint64Array
}

/** Keeps the smallest `count` of what is added: what can be none of them any more is left out before it is sorted. */
function createFirst(count: number): First {
  const keys = new BigUint64Array(2 * count)
  const halves = new DataView(keys.buffer)
  let length = 0
  // The greatest that can still be one of them.
  let mostHigh = 0xffffffff
  let mostLow = 0xffffffff

  const shrink = (): void => {
    keys.subarray(0, length).sort()
    length = Math.min(length, count)
    if (length < count) return
    const last = keys[count - 1]!
    mostHigh = Number(last >> 32n)
    mostLow = Number(last & 0xffffffffn)
  }

  return {
    add(low, high) {
      if (high > mostHigh || (high === mostHigh && low > mostLow)) return
      if (length === keys.length) shrink()
      halves.setUint32(8 * length + lowAt, low, littleEndian)
      halves.setUint32(8 * length + 4 - lowAt, high, littleEndian)
      length++
    },
    all() {
      shrink()
      return keys.slice(0, length)
    },
  }
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
const lowAt = littleEndian ? 0 : 4
