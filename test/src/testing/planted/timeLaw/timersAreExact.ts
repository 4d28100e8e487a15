import fc from 'fast-check'
import { statePartition, type StateComputation } from 'wallarx'
import { timed, timersAreExact } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

interface State {
  sum: number
  fired: number
}
type Computation = StateComputation<number, State, string>

const messages = timed(fc.array(fc.nat(9), { maxLength: 15 }), { disorder: 4 })
const partition = (expireAfter?: number) =>
  statePartition('timed', { key: (n: number) => n % 3, build: (): State => ({ sum: 0, fired: 0 }), expireAfter })
const check =
  (computation: () => Computation, outOfOrder = 0, expireAfter?: number): Planted['check'] =>
  (options) =>
    timersAreExact(computation(), partition(expireAfter), { messages, outOfOrder, runs: 50, ...options })

/** Sets, replaces and clears timers, and says what they see as they fire. */
const base: Computation = {
  name: 'base',
  compute(n, state, timers) {
    state.sum += n
    if (n < 3) timers.clear('quiet')
    else timers.set('quiet', timers.now + 4 * n)
    if (n % 4 === 0) timers.set(n, timers.now + 10)
    return [`${n}: ${state.sum}, ${String(timers.at('quiet'))}`, true]
  },
  onTimer(name, at, state, timers) {
    state.fired++
    if (state.fired % 3 === 0 && timers.now < Infinity) timers.set('more', at + 7)
    return [`${name} at ${at}: ${state.sum}, ${state.fired}`, true]
  },
}
const law = 'timersAreExact'

export const planted: Planted[] = [
  {
    law,
    bug: 'a computation that does not say that it has changed its state',
    check: check(() => ({ ...base, compute: (...of) => [base.compute(...of)[0], false] })),
  },
  {
    law,
    bug: 'an onTimer that does not say so',
    check: check(() => ({ ...base, onTimer: (...of) => [base.onTimer!(...of)[0], false] })),
  },
  {
    law,
    bug: 'what is known beside the state',
    check: check(() => {
      let fired = 0
      return { ...base, onTimer: (name) => [`${name} is number ${++fired}`, true] }
    }),
  },
  {
    law,
    bug: 'timers by the clock',
    check: check(() => ({
      ...base,
      compute(n, _state, timers) {
        timers.set('quiet', Date.now() + n)
        return [undefined, true]
      },
    })),
  },
  {
    law,
    bug: 'a timer that sets itself again for ever',
    check: check(() => ({
      ...base,
      onTimer(name, at, _state, timers) {
        timers.set(name, at + 10)
        return [undefined, false]
      },
    })),
  },
]

export const right: Planted[] = [
  { law, bug: 'timers that are set, replaced and cleared', check: check(() => base) },
  { law, bug: 'timers of messages in disorder', check: check(() => base, 4) },
  {
    law,
    bug: 'entities that expire, with timers',
    check: check(() => ({ ...base, onExpire: ({ sum }, key) => `${key} is gone: ${sum}` }), 2, 30),
  },
]
