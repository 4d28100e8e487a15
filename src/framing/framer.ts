import { createDelimitedFramer } from './delimitedFramer.ts'
import type { Where } from '../base/errors.ts'
import { invalidOption } from '../base/option.ts'
import type { Framer, Framing } from './framing.ts'
import type { OnFrame } from '../step/output.ts'
import { createHeaderFramer } from './headerFramer.ts'

export interface FramerOptions {
  readonly framing: Framing
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number | undefined
  readonly onFrame: OnFrame
  /** Stands in errors. */
  readonly where?: Where
}

/** 1 MiB. */
const defaultMaxFrameLength = 1024 * 1024

export function createFramer({ framing, maxFrameLength, onFrame, where = {} }: FramerOptions): Framer {
  const max = checkMaxFrameLength(maxFrameLength)
  if (typeof framing !== 'object' || framing === null) {
    throw invalidOption('framing', 'a framing, such as lengthPrefixed(4)', framing)
  }
  if ('delimiter' in framing) return createDelimitedFramer(framing, max, onFrame, where)
  return createHeaderFramer(framing, max, onFrame, where)
}

/**
 * Throws `OPTION_INVALID` where a framing or limit cannot work, so that an operator or source throws when it is built.
 */
export function checkFraming(framing: Framing, maxFrameLength: number | undefined): void {
  createFramer({ framing, maxFrameLength, onFrame: () => undefined })
}

function checkMaxFrameLength(max: number = defaultMaxFrameLength): number {
  if (!Number.isSafeInteger(max) || max < 0) throw invalidOption('maxFrameLength', 'a whole number of bytes', max)
  return max
}
