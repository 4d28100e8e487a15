import { statePartition, windowsKept } from '../../src/state/statePartition.ts'
import { emitAll } from '../../src/step/emitAll.ts'
import { stateStep } from '../../src/step/stateStep.ts'
import type { Step } from '../../src/step/step.ts'
import { joining, nothingWaits, type JoinSettings, type Sided, type Waiting } from '../../src/time/join/joining.ts'
import { joinOptions, type JoinWithinOptions } from '../../src/time/join/options.ts'
import { eventTimeStep } from './eventTime.ts'

/** What `joinWithin` does: for each side reading the time and marking the side, and then both together. */
export interface JoinSteps<Left, Right, Out> {
  readonly left: readonly [Step<Left, Left>, Step<Left, Sided<Left, Right>>]
  readonly right: readonly [Step<Right, Right>, Step<Right, Sided<Left, Right>>]
  readonly both: Step<Sided<Left, Right>, Out>
}

export function joinWithinSteps<Left, Right, Out, Late>(
  options: JoinWithinOptions<Left, Right, Out, Late>,
): JoinSteps<Left, Right, Out | Late> {
  const {
    name,
    left,
    right,
    before,
    after,
    outOfOrder = 0,
    idleAfter,
    late,
    cache,
    unmatched = false,
    combine,
  } = joinOptions(options)
  const partition = statePartition<Waiting<Left, Right>>(name, { build: nothingWaits, cache })
  partition[windowsKept] = { windows: 'messages that wait for those they are joined with', fixed: true }
  const settings = { before, after, unmatched, late, combine } as JoinSettings<Left, Right, Out, Late>
  const time = { outOfOrder, ...(idleAfter !== undefined && { idleAfter }) }
  return {
    left: [eventTimeStep(left.at, { ...time, name: `${name} left` }, true), markStep('left')],
    right: [eventTimeStep(right.at, { ...time, name: `${name} right` }, true), markStep('right')],
    both: stateStep({
      ...joining(settings, name),
      operator: 'joinWithin',
      clocks: 2,
      partition,
      key: (input: Sided<Left, Right>) => (input.side === 'left' ? left.key(input.message) : right.key(input.message)),
      concurrency: undefined,
      emit: emitAll<Out | Late>,
      flow: 'many',
    }),
  }
}

function markStep<Message, Left, Right>(side: 'left' | 'right'): Step<Message, Sided<Left, Right>> {
  return {
    name: side,
    flow: 'one',
    start(output, { time: { register } }) {
      return {
        next(message) {
          output.next({ side, message, t: register.time } as unknown as Sided<Left, Right>)
        },
      }
    },
  }
}
