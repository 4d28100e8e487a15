import type { Context } from '../context/context.ts'
import type { StepMeter } from '../context/meter.ts'
import { receiveFrame, type Output } from './output.ts'
import type { Operation, Step } from './step.ts'

/**
 * Every step begins here, in Rx and in Ix. With a meter in the context what goes in and out is counted; without one
 * this is the operation itself, so that not measuring costs nothing.
 */
export function startStep<In, Out>(step: Step<In, Out>, output: Output<Out>, context: Context): Operation<In> {
  if (context.meter === undefined) return step.start(output, context)
  const counts = context.meter.step(step.name)
  return countIn(step.start(countOut(output, counts), context), counts)
}

function countIn<In>(operation: Operation<In>, counts: StepMeter): Operation<In> {
  const { next, frame } = operation
  return {
    ...operation,
    next(message) {
      counts.in++
      next(message)
    },
    ...(frame !== undefined && {
      frame(bytes: Buffer, start: number, end: number) {
        counts.in++
        frame(bytes, start, end)
      },
    }),
  }
}

/** The output with its own prototype: what is asked of it while it runs, `closed` above all, is asked of the output. */
function countOut<Out>(output: Output<Out>, counts: StepMeter): Output<Out> {
  const { emitLazily, [receiveFrame]: onFrame } = output
  return Object.assign(Object.create(output) as Output<Out>, {
    next(message: Out) {
      counts.out++
      output.next(message)
    },
    ...(onFrame !== undefined && {
      [receiveFrame](bytes: Buffer, start: number, end: number) {
        counts.out++
        onFrame(bytes, start, end)
      },
    }),
    ...(emitLazily !== undefined && {
      emitLazily(items: Iterable<Out | undefined>) {
        emitLazily(countEach(items, counts))
      },
    }),
  })
}

function* countEach<Out>(items: Iterable<Out | undefined>, counts: StepMeter): Generator<Out | undefined> {
  for (const item of items) {
    if (item !== undefined) counts.out++
    yield item
  }
}
