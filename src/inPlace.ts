/**
 * Two shortcuts between neighbours that save an allocation for each message. A subscriber shows by these properties that it
 * can take them; with a foreign operator in between they are absent and ordinary values flow.
 */

/** A subscriber's method that takes a frame as `bytes[start, end)`, without a view of it. */
export const receiveFrame = Symbol('wallarx.receiveFrame')

/** `true` on a subscriber that takes strings, to be written as UTF-8, where its type says bytes. */
export const acceptsText = Symbol('wallarx.acceptsText')
