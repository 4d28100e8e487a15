import type { Bytes } from '#platform'
import type { Context } from '../context/context.ts'
import { WallarxError } from '../base/errors.ts'
import { createFramer, type FramerOptions } from './framer.ts'
import type { Framer } from './framing.ts'
import { frameEmitter, type Output } from '../step/output.ts'

/** A framer, as an operator or source uses it whose whole stream ends when it cannot be cut any further. */
export interface StreamFramer {
  readonly push: (chunk: Bytes) => void
  /** The stream has ended. */
  readonly end: () => void
  readonly pending: Framer['pending']
  readonly head: Framer['head']
  readonly stop: () => void
}

/**
 * Cuts one stream of an operator or source. What is wrong with it is reported as bad input: under `run` it is a dead
 * letter and the stream is over, elsewhere the output fails. `over`: where it is the only one, the output completes
 */
export function createStreamFramer(
  options: Omit<FramerOptions, 'onFrame'>,
  output: Output<Bytes>,
  { report }: Context,
  over: () => void = () => {
    output.complete()
  },
): StreamFramer {
  const framer = createFramer({ ...options, onFrame: frameEmitter(output) })
  const endWith = (error: unknown, chunk?: Bytes): void => {
    framer.stop()
    if (error instanceof WallarxError && report.reject(error, chunk)) over()
    else output.error(error)
  }
  return {
    push(chunk) {
      try {
        framer.push(chunk)
      } catch (error) {
        endWith(error, chunk)
      }
    },
    end() {
      try {
        framer.end()
      } catch (error) {
        endWith(error)
        return
      }
      over()
    },
    pending: framer.pending,
    head: framer.head,
    stop: framer.stop,
  }
}
