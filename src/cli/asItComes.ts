import type { HeaderFraming } from '../framing.ts'

/**
 * No framing: a frame is what one read gave. Never asks for more than is there, so nothing is gathered; at the end of a chunk
 * the answer 1 means that the next frame has not begun.
 */
export const asItComes: HeaderFraming = {
  headerLength: 0,
  payloadLength: () => 1,
  payloadLengthAt: (bytes, at) => Math.max(1, bytes.length - at),
}
