import type { Where } from '../../base/errors.ts'
import { createFramer } from '../../framing/framer.ts'
import { frameEmitter, type OnFrame, type Output } from '../../step/output.ts'
import type { HttpSourceSettings } from './options.ts'

/** What a body becomes: looked at first, so that a request is taken whole or not at all. */
export interface Cutter {
  /** How many frames a body has. Throws `FRAME_TOO_LONG`, `FRAME_CUT_OFF` and `FRAME_HEADER_INVALID`. */
  readonly count: (body: Buffer, where: Where) => number
  /** Hands them over. */
  readonly emit: (body: Buffer) => void
}

export function createCutter(
  { framing, maxFrameLength }: Pick<HttpSourceSettings, 'framing' | 'maxFrameLength'>,
  output: Output<Buffer>,
): Cutter {
  const emit = frameEmitter(output)
  if (framing === undefined) {
    return {
      count: () => 1,
      emit(body) {
        emit(body, 0, body.length)
      },
    }
  }
  const cut = (body: Buffer, onFrame: OnFrame, where: Where): void => {
    const framer = createFramer({ framing, maxFrameLength, onFrame, where })
    framer.push(body)
    framer.end()
  }
  return {
    count(body, where) {
      let frames = 0
      const countOne = (): void => {
        frames++
      }
      cut(body, countOne, where)
      return frames
    },
    emit(body) {
      cut(body, emit, {})
    },
  }
}
