import type { Bytes } from '#platform'

/** Takes one frame: `bytes[start, end)`. The bytes stay valid and unchanged after the call. */
export type OnFrame = (bytes: Bytes, start: number, end: number) => void

/**
 * Two shortcuts between neighbours that save an allocation for each message. A subscriber shows by these properties
 * that it can take them; with a foreign operator in between they are absent and ordinary values flow.
 */

/** A subscriber's method that takes a frame as `bytes[start, end)`, without a view of it. */
export const receiveFrame = Symbol('wallarx.receiveFrame')

/** `true` on a subscriber that takes strings, to be written as UTF-8, where its type says bytes. */
export const acceptsText = Symbol('wallarx.acceptsText')

/** Where an operator or a source sends what it emits: the part of a subscriber that it may use. Never throws. */
export interface Output<in Message> {
  next(message: Message): void
  error(error: unknown): void
  complete(): void
  readonly closed: boolean
  /**
   * Takes each item only when it is asked for, in place of `next` for each: where outputs are pulled. What iterating
   * throws later goes to the operation's `fail`.
   */
  readonly emitLazily?: (items: Iterable<Message | undefined>) => void
  /** Shortcuts between neighbours, see above. */
  readonly [acceptsText]?: boolean
  readonly [receiveFrame]?: OnFrame | undefined
}

/** An output as it is for whoever makes it, who also closes it. */
export type ClosableOutput<Message> = Omit<Output<Message>, 'closed'> & { closed: boolean }

/** Hands frames to an output: in place where it takes them so, otherwise as views. */
export function frameEmitter(output: Output<Bytes>): OnFrame {
  return (
    output[receiveFrame] ??
    ((bytes, start, end) => {
      output.next(bytes.subarray(start, end))
    })
  )
}
