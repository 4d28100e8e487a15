import { keyOf } from '../key/key.ts'
import type { EntityTable } from '../state/entityTable.ts'
import type { Context } from '../context/context.ts'
import type { NodeMeter, StepMeter } from '../context/meter.ts'
import type { OnFrame, Output } from './output.ts'
import type { Turn } from '../context/time.ts'
import type { Operation, Step } from './step.ts'

/** Every step begins here, in Rx and in Ix. Without a meter nothing is measured. `turn` is for who lives by time. */
export function startStep<In, Out>(
  step: Step<In, Out>,
  output: Output<Out>,
  context: Context,
  meter: StepMeter | undefined,
  turn: Turn,
): Operation<In> {
  const operation = step.start(output, context, meter)
  context.time.pipeline.claim(turn)
  if (meter === undefined) return operation
  return {
    ...operation,
    finalize() {
      meter.end()
      operation.finalize?.()
    },
  }
}

/**
 * Counts what comes in where nobody of ours stands directly upstream. Not in the chain of steps that call each other:
 * V8 inlines that, and a function more at each step costs word count a tenth of its throughput.
 */
export function countedIn<In>(next: (message: In) => void, meter: StepMeter | undefined): (message: In) => void {
  if (meter === undefined) return next
  return (message) => {
    if (--meter.left === 0) meter.enter(next, message)
    else next(message)
  }
}

/** The same for frames. */
export function countedFramesIn(onFrame: OnFrame, meter: StepMeter | undefined): OnFrame {
  if (meter === undefined) return onFrame
  return (bytes, start, end) => {
    if (--meter.left === 0) meter.enterFrame(onFrame, bytes, start, end)
    else onFrame(bytes, start, end)
  }
}

/**
 * Says the key of a message that is looked at, as the step has found it: the key function is a user's, is not called
 * once more for that, and would find another key in a message that the step has changed.
 */
export function tellKey(meter: StepMeter, entities: EntityTable<unknown>, slot: number): void {
  meter.key = keyOf(entities.low(slot), entities.high(slot))
}

/** Counts what a step emits that does not tell how much that is, or a source. */
export function countedOut<Out>(next: (message: Out) => void, meter: NodeMeter | undefined): (message: Out) => void {
  if (meter === undefined) return next
  return (message) => {
    meter.out++
    next(message)
  }
}

/** The same for frames. */
export function countedFramesOut(onFrame: OnFrame | undefined, meter: NodeMeter | undefined): OnFrame | undefined {
  if (meter === undefined || onFrame === undefined) return onFrame
  return (bytes, start, end) => {
    meter.out++
    onFrame(bytes, start, end)
  }
}

/** Where a source sends what it emits, counted. */
export function countedOutput<Out>(output: Output<Out>, meter: NodeMeter): Output<Out> {
  return Object.assign(Object.create(output) as Output<Out>, {
    next: countedOut((message: Out) => {
      output.next(message)
    }, meter),
    error(error: unknown) {
      output.error(error)
    },
    complete() {
      output.complete()
    },
  })
}
