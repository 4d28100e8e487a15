import type { TimeRegister } from '../../src/context/time.ts'
import type { Step } from '../../src/step/step.ts'
import type { Sided } from '../../src/time/join/joining.ts'

/** A message with what it has come with. */
export interface Relayed<Left, Right> {
  readonly sided: Sided<Left, Right>
  readonly came: Omit<TimeRegister, 'clock'>
}

/** Sends along with each message what it has come with: others come while it is on its way to those of another side. */
export function relayStep<Left, Right>(side: 'left' | 'right'): Step<Sided<Left, Right>, Relayed<Left, Right>> {
  return {
    name: side,
    flow: 'one',
    start: (output, { time: { register } }) => ({
      next(sided) {
        const { origin, arrival, time, heard, upTo } = register
        output.next({ sided, came: { origin, arrival, time, heard, upTo } })
      },
    }),
  }
}

/** Behind what brings both sides together: says again what each message has come with. */
export function relayedStep<Left, Right>(): Step<Relayed<Left, Right>, Sided<Left, Right>> {
  return {
    name: 'joinWithin',
    flow: 'one',
    start: (output, { time: { register } }) => ({
      next({ sided, came }) {
        const before = { ...register }
        Object.assign(register, came)
        output.next(sided)
        Object.assign(register, before)
      },
    }),
  }
}
