/**
 * Numbers keys in the order they are added: key → slot 0, 1, 2, …; what is removed leaves its slot. A key is two 32-bit
 * halves, as signed numbers: an unsigned one above 2^31 would become an object wherever V8 does not inline a call. So
 * finding one allocates nothing.
 *
 * Two places hold slots:
 *
 *   direct   slot + 1 of the key that is the index, 0 where there is none: keys below `direct.length`
 *   entries  [slot + 1, low half, high half] × capacity, open addressing with linear probing: all other keys
 *
 * An entry holds the whole key, so that a lookup among many keys misses the cache once. Small integers need no probing
 * at all; the direct part grows with them as long as that wastes no more than a few bytes for each key.
 */
export interface KeyIndex {
  /** How many keys there are. */
  readonly size: number
  /** The slot of a key, -1 where it is not there. */
  find(low: number, high: number): number
  /** The slot of a key that is not there yet. */
  add(low: number, high: number): number
  /** The key in this slot is not there any more. */
  remove(slot: number): void
  low(slot: number): number
  high(slot: number): number
}

const width = 3
const leastCapacity = 16
const fewKeys = 128 // keys below this are direct from the start

export function createKeyIndex(): KeyIndex {
  let direct = new Uint32Array(fewKeys)
  let entries = new Int32Array(width * leastCapacity)
  let mask = leastCapacity - 1
  let filled = 0 // keys in `entries`, at most three quarters of the capacity
  let halves = new Int32Array(2 * leastCapacity) // low and high half of each slot's key, side by side
  let slots = 0 // that were ever given
  const free: number[] = []

  /** Where in `entries` the key is, or the free place where it belongs. */
  const place = (low: number, high: number): number => {
    let at = mixed(low, high) & mask
    for (;;) {
      const entry = width * at
      if (entries[entry] === 0 || (entries[entry + 1] === low && entries[entry + 2] === high)) return entry
      at = (at + 1) & mask
    }
  }

  const enter = (low: number, high: number, slot: number): void => {
    if (4 * filled >= 3 * (mask + 1)) rebuild(2 * (mask + 1))
    const entry = place(low, high)
    entries[entry] = slot + 1
    entries[entry + 1] = low
    entries[entry + 2] = high
    filled++
  }

  /** Frees a place, and moves up those that were displaced by it: a lookup ends at a free one. */
  const leave = (entry: number): void => {
    filled--
    let hole = entry / width
    for (let at = (hole + 1) & mask; entries[width * at] !== 0; at = (at + 1) & mask) {
      const home = mixed(entries[width * at + 1]!, entries[width * at + 2]!) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      entries.copyWithin(width * hole, width * at, width * (at + 1))
      hole = at
    }
    entries[width * hole] = 0
  }

  const rebuild = (capacity: number): void => {
    const old = entries
    entries = new Int32Array(width * capacity)
    mask = capacity - 1
    filled = 0
    for (let entry = 0; entry < old.length; entry += width) {
      const low = old[entry + 1]!
      const high = old[entry + 2]!
      if (old[entry] !== 0 && !isDirect(low, high)) enter(low, high, old[entry]! - 1)
    }
  }

  const isDirect = (low: number, high: number): boolean => high === 0 && low >= 0 && low < direct.length

  /** Makes the key direct, and those below it. */
  const extendDirect = (low: number): void => {
    const longer = new Uint32Array(2 ** Math.ceil(Math.log2(low + 1)))
    longer.set(direct)
    direct = longer
    if (filled === 0) return
    for (let slot = 0; slot < slots; slot++)
      if (isDirect(halves[2 * slot]!, halves[2 * slot + 1]!)) direct[halves[2 * slot]!] = slot + 1
    rebuild(mask + 1)
  }

  return {
    get size() {
      return slots - free.length
    },
    find(low, high) {
      if (high === 0 && low >= 0 && low < direct.length) return direct[low]! - 1
      return entries[place(low, high)]! - 1
    },
    add(low, high) {
      const slot = free.length > 0 ? free.pop()! : slots++
      if (2 * slot === halves.length) halves = doubled(halves)
      halves[2 * slot] = low
      halves[2 * slot + 1] = high
      if (high === 0 && low >= direct.length && low < 2 * slots) extendDirect(low)
      if (isDirect(low, high)) direct[low] = slot + 1
      else enter(low, high, slot)
      return slot
    },
    remove(slot) {
      const low = halves[2 * slot]!
      const high = halves[2 * slot + 1]!
      if (isDirect(low, high)) direct[low] = 0
      else leave(place(low, high))
      halves[2 * slot] = halves[2 * slot + 1] = -1 // never direct
      free.push(slot)
      // What comes next lies side by side, in the order it comes: as at the end of a window.
      if (free.length === slots) slots = free.length = 0
    },
    low: (slot) => halves[2 * slot]!,
    high: (slot) => halves[2 * slot + 1]!,
  }
}

/** Spreads both halves over 32 bits (the finaliser of MurmurHash3). Nothing outside this index depends on it. */
function mixed(low: number, high: number): number {
  let hash = low ^ Math.imul(high, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function doubled(column: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * column.length)
  longer.set(column)
  return longer
}
