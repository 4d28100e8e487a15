import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import type { Key } from '../key/key.ts'
import { NotPlain } from './plain/plainForm.ts'

/** What goes wrong with the states of one state partition. */
export interface StateErrors {
  notSerializable(key: Key, path: string, expected: string, got: string, cause?: unknown): WallarxError
  /**
   * That packing what is at `base` threw `cause`: itself if it has a code. The path of a `NotPlain` begins at `base`.
   */
  notPacked(key: Key, base: string, cause: unknown): WallarxError
  /** That unpacking threw `cause`: itself if it has a code. */
  corrupt(key: Key, expected: string, cause: unknown): WallarxError
}

export function createStateErrors(partition: string): StateErrors {
  const notSerializable = (key: Key, path: string, expected: string, got: string, cause?: unknown): WallarxError =>
    new WallarxError('STATE_NOT_SERIALIZABLE', { expected, got, where: { partition, key, path }, cause })

  return {
    notSerializable,

    notPacked(key, base, cause) {
      if (cause instanceof WallarxError) return cause
      if (cause instanceof NotPlain) {
        return notSerializable(key, base + cause.path.slice(1), cause.expected, cause.got)
      }
      // A getter, a Proxy, or more than a Buffer can hold.
      return notSerializable(key, base, 'a state that can be read and packed', shown(cause), cause)
    },

    corrupt(key, expected, cause) {
      if (cause instanceof WallarxError) return cause
      const got = cause instanceof Error ? cause.message : shown(cause)
      return new WallarxError('STATE_CORRUPT', { expected, got, where: { partition, key }, cause })
    },
  }
}
