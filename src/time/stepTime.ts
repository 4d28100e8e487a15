import type { Context } from '../context/context.ts'

/** What time it is for one step in one subscription. */
export interface StepTime {
  /**
   * In ms since 1970: the least watermark of what stands upstream, or where nothing there reads the time of messages,
   * when they arrive. Never falls; -Infinity before anything is known.
   */
  now(): number
  /** The time of the message that is being handed over. */
  time(): number
  /** The context for what is upstream. */
  readonly upstream: Context
  /** The earliest time at which the step has something to do: it is woken then, where no message comes. */
  wakeAt(time: number): void
  end(): void
}

/** `wake` is called when the time may be another and no message told the step so. */
export function createStepTime(context: Context, wake: () => void): StepTime {
  const { clock } = context
  let cancel: (() => void) | undefined
  return {
    now: () => clock.now(),
    time: () => clock.now(),
    upstream: context,
    wakeAt(time) {
      cancel?.()
      cancel = time === Infinity ? undefined : clock.after(Math.max(0, time - clock.now()), wake)
    },
    end() {
      cancel?.()
    },
  }
}
