import { WallarxError, shown, type Where } from './errors.ts'
import { invalidKey, keyOf, toHalves, writeKey, type Key, type KeyFunction } from './key.ts'

/**
 * The entities of one state partition, by key. An open-addressing index over the two 32-bit halves of a key points into
 * dense columns; a lookup allocates nothing. Entity beyond its state: 8 bytes of key, 8 of state reference, 1 of flag,
 * and 8 to 16 of index, before the slack of growing columns.
 */
export interface EntityTable<State> {
  readonly name: string
  readonly size: number
  /** States by slot. A slot belongs to one key as long as the table lives. */
  readonly states: State[]
  /**
   * The slot of a key; makes the entity where the key set is open. Throws `KEY_INVALID`, `KEY_NOT_IN_PARTITION` and
   * `BUILD_FAILED`.
   */
  slot(key: Key): number
  /** The slot of the key with these unsigned halves, see `slot`. */
  slotOf(lowHalf: number, highHalf: number): number
  /** The state of a key, if there is such an entity. */
  get(key: Key): State | undefined
  /** Every key, oldest entity first. */
  keys(): IterableIterator<bigint>
}

export interface EntityTableOptions<State> {
  readonly name: string
  readonly build: () => State
  /** The only keys there are; absent: an entity is made on first use. */
  readonly keys?: Iterable<Key> | undefined
}

const leastColumns = 16

export function createEntityTable<State>({ name, build, keys }: EntityTableOptions<State>): EntityTable<State> {
  const halves = new Uint32Array(2)
  const where: Where = { partition: name }
  const states: State[] = []
  let keyHalvesOf = new Uint32Array(2 * leastColumns) // low and high half of each slot's key, side by side
  let index = new Int32Array(2 * leastColumns) // slot + 1, 0 where free; never more than half full
  let mask = index.length - 1
  let open = true // may a key be added?

  /** The place in `index` where the key is, or the free one where it belongs. */
  const place = (lowHalf: number, highHalf: number): number => {
    let at = mixed(lowHalf, highHalf) & mask
    for (;;) {
      const entry = index[at]!
      if (entry === 0) return at
      const column = 2 * (entry - 1)
      if (keyHalvesOf[column] === lowHalf && keyHalvesOf[column + 1] === highHalf) return at
      at = (at + 1) & mask
    }
  }

  const slotOf = (lowHalf: number, highHalf: number): number => {
    const at = place(lowHalf, highHalf)
    const entry = index[at]!
    return entry === 0 ? add(at, lowHalf, highHalf) : entry - 1
  }

  const add = (at: number, lowHalf: number, highHalf: number): number => {
    if (!open) {
      throw new WallarxError('KEY_NOT_IN_PARTITION', {
        expected: `one of the ${states.length} keys of the state partition`,
        got: shown(keyOf(lowHalf, highHalf)),
        where: { ...where, key: keyOf(lowHalf, highHalf) },
      })
    }
    const state = built(lowHalf, highHalf)
    const slot = states.length
    if (2 * slot === keyHalvesOf.length) keyHalvesOf = grown(keyHalvesOf)
    keyHalvesOf[2 * slot] = lowHalf
    keyHalvesOf[2 * slot + 1] = highHalf
    states.push(state)
    if (2 * states.length > index.length) rebuildIndex(index.length * 2)
    else index[at] = slot + 1
    return slot
  }

  const built = (lowHalf: number, highHalf: number): State => {
    try {
      return build()
    } catch (cause) {
      const key = keyOf(lowHalf, highHalf)
      throw new WallarxError('BUILD_FAILED', {
        expected: 'build to make the state of a new entity',
        got: shown(cause),
        where: { ...where, key },
        cause,
      })
    }
  }

  const rebuildIndex = (length: number): void => {
    index = new Int32Array(length)
    mask = length - 1
    for (let slot = 0; slot < states.length; slot++) {
      index[place(keyHalvesOf[2 * slot]!, keyHalvesOf[2 * slot + 1]!)] = slot + 1
    }
  }

  const slot = (key: Key): number => {
    if (!toHalves(key, halves)) throw invalidKey(key, 'the key', where)
    return slotOf(halves[0]!, halves[1]!)
  }

  if (keys !== undefined) {
    for (const key of keys) slot(key)
    open = false
  }

  return {
    name,
    get size() {
      return states.length
    },
    states,
    slot,
    slotOf,
    get(key) {
      if (!toHalves(key, halves)) throw invalidKey(key, 'the key', where)
      const entry = index[place(halves[0]!, halves[1]!)]!
      return entry === 0 ? undefined : states[entry - 1]
    },
    *keys() {
      for (let at = 0; at < states.length; at++) yield keyOf(keyHalvesOf[2 * at]!, keyHalvesOf[2 * at + 1]!)
    },
  }
}

/**
 * How to find the slot of a message's entity. Throws `KEY_FUNCTION_FAILED` with the function's own error as cause, and what
 * `EntityTable.slot` throws.
 */
export function slotFinder<In>(entities: EntityTable<unknown>, key: KeyFunction<In>): (message: In) => number {
  const failed = (cause: unknown, message: In): WallarxError =>
    new WallarxError('KEY_FUNCTION_FAILED', {
      expected: `the key function to find a key in ${shown(message)}`,
      got: shown(cause),
      where: { partition: entities.name },
      cause,
    })
  const halves = new Uint32Array(2)
  const write = key[writeKey]
  if (write !== undefined) {
    return (message) => {
      try {
        write(message, halves)
      } catch (cause) {
        throw failed(cause, message)
      }
      return entities.slotOf(halves[0]!, halves[1]!)
    }
  }
  return (message) => {
    let found: Key
    try {
      found = key(message)
    } catch (cause) {
      throw failed(cause, message)
    }
    // A number of 32 bits is its own low half.
    if (typeof found === 'number' && found === found >>> 0) return entities.slotOf(found, 0)
    if (!toHalves(found, halves)) {
      throw invalidKey(found, `the key of ${shown(message)}`, { partition: entities.name })
    }
    return entities.slotOf(halves[0]!, halves[1]!)
  }
}

/** Spreads both halves over 32 bits (the finaliser of MurmurHash3). Only the order inside the table depends on it. */
function mixed(lowHalf: number, highHalf: number): number {
  let hash = lowHalf ^ Math.imul(highHalf, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function grown(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2)
  larger.set(column)
  return larger
}
