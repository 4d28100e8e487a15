import { createDelimitedFramer } from './delimitedFramer.ts'
import { createCsvFramer } from './csvFramer.ts'
import type { Where } from '../base/errors.ts'
import { invalidOption } from '../base/option.ts'
import type { Position } from '../context/endpoint.ts'
import type { Framer, Framing } from './framing.ts'
import type { OnFrame } from '../step/output.ts'
import { createHeaderFramer } from './headerFramer.ts'

export interface FramerOptions {
  readonly framing: Framing
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number | undefined
  /** Where in the stream the first chunk is. Default: 0, its start */
  readonly from?: Position | undefined
  readonly onFrame: OnFrame
  /** Stands in errors. */
  readonly where?: Where
}

/** 1 MiB. */
const defaultMaxFrameLength = 1024 * 1024

export function createFramer({ framing, maxFrameLength, from = 0, onFrame, where = {} }: FramerOptions): Framer {
  const limit = checkMaxFrameLength(maxFrameLength)
  if (typeof framing !== 'object' || framing === null) {
    throw invalidOption('framing', 'a framing, such as lengthPrefixed(4)', framing)
  }
  if ('framing' in framing) throw invalidOption('framing', 'the framing of a codec, such as csv().framing', framing)
  const max = 'maxLength' in framing ? Math.min(framing.maxLength ?? limit, maxFrameLength ?? Infinity) : limit
  if ('delimiter' in framing) return createDelimitedFramer(framing, max, from === 0, onFrame, where)
  if ('record' in framing) return createCsvFramer(framing, max, from, onFrame, where)
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
