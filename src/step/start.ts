import type { Context } from '../context/context.ts'
import type { NodeMeter, StepMeter } from '../context/meter.ts'
import type { OnFrame, Output } from './output.ts'
import type { Operation, Step } from './step.ts'

/**
 * Every step begins here, in Rx and in Ix. With a meter what comes in is counted; without one this is the operation
 * itself, so that not measuring costs nothing.
 */
export function startStep<In, Out>(
  step: Step<In, Out>,
  output: Output<Out>,
  context: Context,
  meter: StepMeter | undefined,
): Operation<In> {
  const operation = step.start(output, context, meter)
  if (meter === undefined) return operation
  const { next, frame, finalize } = operation
  const { counted = countedAnyhow, countedFrame = countedFrameAnyhow } = step
  return {
    ...operation,
    next: counted(next, meter),
    ...(frame !== undefined && { frame: countedFrame(frame, meter) }),
    finalize() {
      meter.end()
      finalize?.()
    },
  }
}

const countedAnyhow =
  <In>(next: (message: In) => void, meter: StepMeter) =>
  (message: In): void => {
    if (--meter.left === 0) meter.take(next, message)
    else next(message)
  }

const countedFrameAnyhow =
  (frame: OnFrame, meter: StepMeter): OnFrame =>
  (bytes, start, end) => {
    if (--meter.left === 0) meter.takeFrame(frame, bytes, start, end)
    else frame(bytes, start, end)
  }

/** Where a source sends what it emits, counted. */
export function countedOutput<Out>(output: Output<Out>, meter: NodeMeter): Output<Out> {
  return Object.assign(Object.create(output) as Output<Out>, {
    next(message: Out) {
      meter.out++
      output.next(message)
    },
    error(error: unknown) {
      output.error(error)
    },
    complete() {
      output.complete()
    },
  })
}

/** Counts what goes to somebody who does not count it himself. */
export function countedOut<Out>(next: (message: Out) => void, meter: StepMeter | undefined): (message: Out) => void {
  if (meter === undefined) return next
  return (message) => {
    meter.out++
    next(message)
  }
}

/** The same for frames. */
export function countedFramesOut(
  onFrame: OnFrame | undefined,
  meter: StepMeter | undefined,
): OnFrame | undefined {
  if (meter === undefined || onFrame === undefined) return onFrame
  return (bytes, start, end) => {
    meter.out++
    onFrame(bytes, start, end)
  }
}
