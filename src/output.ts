import type { OnFrame } from './framing.ts'
import type { acceptsText, receiveFrame } from './inPlace.ts'

/** Where an operator or a source sends what it emits: the part of a subscriber that it may use. Never throws. */
export interface Output<in Message> {
  next(message: Message): void
  error(error: unknown): void
  complete(): void
  readonly closed: boolean
  /** See inPlace.ts. */
  readonly [acceptsText]?: boolean
  readonly [receiveFrame]?: OnFrame | undefined
}
