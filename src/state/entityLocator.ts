import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { invalidKey, toHalves, writeKey, type Key, type KeyFunction } from '../key/key.ts'
import type { EntityTable } from './entityTable.ts'

/**
 * Finds the key of a message and gives its signed halves to `use`, whose result it gives. Throws `KEY_FUNCTION_FAILED`,
 * with the function's own error as cause, `KEY_INVALID`, and what `use` throws. Allocates nothing.
 */
export function withKeyOf<In, Out>(
  partition: string,
  key: KeyFunction<In>,
  use: (low: number, high: number, message: In) => Out,
): (message: In) => Out {
  const failed = (cause: unknown, message: In): WallarxError =>
    new WallarxError('KEY_FUNCTION_FAILED', {
      expected: `the key function to find a key in ${shown(message)}`,
      got: shown(cause),
      where: { partition },
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
      return use(halves[0]! | 0, halves[1]! | 0, message)
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
    if (typeof found === 'number' && found === found >>> 0) return use(found | 0, 0, message)
    if (!toHalves(found, halves)) throw invalidKey(found, `the key of ${shown(message)}`, { partition })
    return use(halves[0]! | 0, halves[1]! | 0, message)
  }
}

/**
 * Finds the slot of a message's entity: first its key, then its slot. Throws what `withKeyOf` and `EntityTable.slot`
 * throw.
 */
export const entityLocator = <In>(entities: EntityTable<unknown>, key: KeyFunction<In>): ((message: In) => number) =>
  withKeyOf(entities.name, key, entities.slotOf)
