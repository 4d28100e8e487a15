import type { OnFrame } from './framing.ts'
import type { acceptsText, receiveFrame } from './inPlace.ts'

/** Where an operator or a source sends what it emits: the part of a subscriber that it may use. Never throws. */
export interface Output<in Message> {
  next(message: Message): void
  error(error: unknown): void
  complete(): void
  readonly closed: boolean
  /**
   * Takes each item only when it is asked for, in place of `next` for each: where outputs are pulled. What iterating throws later
   * goes to the operation's `fail`.
   */
  readonly giveLater?: (items: Iterable<Message | undefined>) => void
  /** See inPlace.ts. */
  readonly [acceptsText]?: boolean
  readonly [receiveFrame]?: OnFrame | undefined
}
