import type { PipelineClock } from '../../src/context/time.ts'
import { passAlone } from '../../src/context/time/handOver.ts'
import { UpstreamClocks } from '../../src/context/time/upstreamClocks.ts'
import type { Step } from '../../src/step/step.ts'
import type { Sided } from '../../src/time/join/joining.ts'

/** A message with the watermark of its side as it was then, or the end of a side. */
export type Relayed<Left, Right> =
  { readonly sided: Sided<Left, Right>; readonly watermark: number } | { readonly over: 'left' | 'right' }

/** Sends the watermark and the end of a side along with its messages. */
export function relayStep<Left, Right>(side: 'left' | 'right'): Step<Sided<Left, Right>, Relayed<Left, Right>> {
  return {
    name: side,
    start: (output, { time: { register } }) => ({
      next(sided) {
        output.next({ sided, watermark: register.clock?.watermark ?? -Infinity })
      },
      complete() {
        output.next({ over: side })
        output.complete()
      },
    }),
  }
}

/**
 * The clock behind what brings both sides together and reads ahead of what it gives: it goes on with the messages that
 * have come through, so that those that are still inside do not become late.
 */
export function relayedStep<Left, Right>(): Step<Relayed<Left, Right>, Sided<Left, Right>> {
  return {
    name: 'joinWithin',
    start(output, context) {
      const { register, pipeline, clocks } = context.time
      /** The watermarks of those that are not over; neither runs ahead of one that has not spoken yet. */
      const sides = new Map<'left' | 'right', number>([
        ['left', -Infinity],
        ['right', -Infinity],
      ])
      let ended = false
      const clock: PipelineClock & { watermark: number } = {
        watermark: -Infinity,
        get live() {
          return sides.size > 0
        },
        get ended() {
          return ended
        },
      }
      const settle = (): void => {
        if (sides.size > 0) clock.watermark = Math.max(clock.watermark, Math.min(...sides.values()))
      }
      pipeline.addClock(clock)
      clocks.add(clock)
      return {
        next(relayed) {
          if ('over' in relayed) {
            sides.delete(relayed.over)
            settle()
            pipeline.settle()
            return
          }
          const { sided, watermark } = relayed
          sides.set(sided.side, watermark)
          settle()
          const { time, clock: before } = register
          register.time = sided.t
          register.clock = clock
          if (pipeline.depth > 0) output.next(sided)
          else passAlone(context.time, output, sided)
          register.time = time
          register.clock = before
        },
        finalize() {
          ended = true
          pipeline.settle()
        },
        // The clocks of the sides are ahead.
        upstream: new UpstreamClocks(context).context,
      }
    },
  }
}
