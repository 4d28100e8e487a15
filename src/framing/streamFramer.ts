import type { Bytes } from '#platform'
import type { Context } from '../context/context.ts'
import { WallarxError } from '../base/errors.ts'
import { createFramer, type FramerOptions } from './framer.ts'
import type { Framer } from './framing.ts'
import { frameEmitter, type Output } from '../step/output.ts'

/** A framer, as an operator or source uses it whose whole stream ends when it cannot be cut any further. */
export interface StreamFramer {
  readonly push: (chunk: Bytes) => void
  /** The stream has ended: completes the output. */
  readonly end: () => void
  readonly pending: Framer['pending']
  readonly stop: () => void
}

/**
 * Cuts the one stream of an operator or source. What is wrong with it is reported as bad input: under `run` it is a
 * dead letter and the output completes, elsewhere the output fails.
 */
export function createStreamFramer(
  options: Omit<FramerOptions, 'onFrame'>,
  output: Output<Bytes>,
  { report }: Context,
): StreamFramer {
  const framer = createFramer({ ...options, onFrame: frameEmitter(output) })
  const endWith = (error: unknown, chunk?: Bytes): void => {
    framer.stop()
    if (error instanceof WallarxError && report.reject(error, chunk)) output.complete()
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
      output.complete()
    },
    pending: framer.pending,
    stop: framer.stop,
  }
}
