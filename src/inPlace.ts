import type { OnFrame } from './framing.ts'

/**
 * Two shortcuts between neighbours that save an allocation for each message. A subscriber shows by these properties that it
 * can take them; with a foreign operator in between they are absent and ordinary values flow.
 */

/** A subscriber's method that takes a frame as `bytes[start, end)`, without a view of it. */
export const receiveFrame = Symbol('wallarx.receiveFrame')

/** `true` on a subscriber that takes strings, to be written as UTF-8, where its type says bytes. */
export const acceptsText = Symbol('wallarx.acceptsText')

/** Hands frames to a subscriber: in place where it takes them so, otherwise as views. */
export function frameEmitter(subscriber: {
  next(frame: Buffer): void
  readonly [receiveFrame]?: OnFrame | undefined
}): OnFrame {
  return (
    subscriber[receiveFrame] ??
    ((bytes, start, end) => {
      subscriber.next(bytes.subarray(start, end))
    })
  )
}

/** How to send text to a subscriber that takes it in place of bytes; `undefined` for one that does not. */
export function takesText(subscriber: {
  next(bytes: Buffer): void
  readonly [acceptsText]?: boolean
}): ((text: string) => void) | undefined {
  if (subscriber[acceptsText] !== true) return undefined
  return (text) => {
    subscriber.next(text as unknown as Buffer)
  }
}
