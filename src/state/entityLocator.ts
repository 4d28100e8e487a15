import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { invalidKey, toHalves, writeKey, type Key, type KeyFunction } from '../key/key.ts'
import type { EntityTable } from './entityTable.ts'

/**
 * Finds the key of a message and writes its halves. Throws `KEY_FUNCTION_FAILED`, with the function's own error as
 * cause, and `KEY_INVALID`.
 */
export type KeyLocator<In> = (message: In, halves: Uint32Array) => void

export function keyLocator<In>(partition: string, key: KeyFunction<In>): KeyLocator<In> {
  const failed = (cause: unknown, message: In): WallarxError =>
    new WallarxError('KEY_FUNCTION_FAILED', {
      expected: `the key function to find a key in ${shown(message)}`,
      got: shown(cause),
      where: { partition },
      cause,
    })
  const write = key[writeKey]
  if (write !== undefined) {
    return (message, halves) => {
      try {
        write(message, halves)
      } catch (cause) {
        throw failed(cause, message)
      }
    }
  }
  return (message, halves) => {
    let found: Key
    try {
      found = key(message)
    } catch (cause) {
      throw failed(cause, message)
    }
    if (typeof found === 'number' && found === found >>> 0) {
      halves[0] = found
      halves[1] = 0
    } else if (!toHalves(found, halves)) {
      throw invalidKey(found, `the key of ${shown(message)}`, { partition })
    }
  }
}

/**
 * Finds the slot of a message's entity: first its key, then its slot. Throws what `keyLocator` and `EntityTable.slot`
 * throw. Allocates nothing.
 */
export function entityLocator<In>(entities: EntityTable<unknown>, key: KeyFunction<In>): (message: In) => number {
  const locateKey = keyLocator(entities.name, key)
  const halves = new Uint32Array(2)
  return (message) => {
    locateKey(message, halves)
    return entities.slotOf(halves[0]! | 0, halves[1]! | 0)
  }
}
