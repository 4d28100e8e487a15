import type { WallarxError } from '../base/errors.ts'

/** An input that could not be used. */
export interface DeadLetter {
  readonly pipeline: string
  /** Why, and where it happened. */
  readonly error: WallarxError
  /**
   * What could not be used: the frame or chunk of bytes, or the message. `undefined` where there is none, as for a
   * connection that was refused.
   */
  readonly input: unknown
}
