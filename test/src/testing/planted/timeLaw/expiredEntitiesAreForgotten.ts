import fc from 'fast-check'
import { statePartition, type StateComputation } from 'wallarx'
import { expiredEntitiesAreForgotten, timed } from 'wallarx/testing'
import type { Planted } from '../planted.ts'

interface State {
  count: number
}
type Computation = StateComputation<number, State, string>

const messages = timed(fc.array(fc.nat(2), { maxLength: 15 }), { disorder: 4 })
const check =
  (computation: () => Computation, build = (): State => ({ count: 0 }), outOfOrder = 0): Planted['check'] =>
  (options) => {
    const partition = statePartition('visitors', { key: (n: number) => n, build, expireAfter: 20 })
    return expiredEntitiesAreForgotten(computation(), partition, { messages, outOfOrder, ...options })
  }
const count: Computation = {
  compute: (n, state) => [`${n}: ${++state.count}`, true],
  onExpire: ({ count }, key) => `${key} gone after ${count}`,
}
const law = 'expiredEntitiesAreForgotten'

export const planted: Planted[] = [
  {
    law,
    bug: 'one state for all that build makes',
    check: (options) => {
      const shared = { count: 0 }
      return check(
        () => count,
        () => shared,
      )(options)
    },
  },
  {
    law,
    bug: 'a Map beside the state',
    check: check(() => {
      const counts = new Map<number, number>()
      return {
        compute(n) {
          const count = (counts.get(n) ?? 0) + 1
          counts.set(n, count)
          return [`${n}: ${count}`, true]
        },
      }
    }),
  },
  {
    law,
    bug: 'who knows those that were there',
    check: check(() => {
      const gone = new Set<bigint>()
      return {
        compute: (n, state) => [`${n}: ${++state.count}${gone.has(BigInt(n)) ? ', back' : ''}`, true],
        onExpire: (_, key) => void gone.add(key),
      }
    }),
  },
]

export const right: Planted[] = [
  { law, bug: 'counts', check: check(() => count) },
  { law, bug: 'counts of messages in disorder', check: check(() => count, undefined, 4) },
  {
    law,
    bug: 'counts with timers',
    check: check(() => ({
      ...count,
      compute(n, state, timers) {
        timers.set('later', timers.now + 12)
        return count.compute(n, state, timers)
      },
      onTimer: (_name, at, { count }) => [`${at}: ${count}`, false],
    })),
  },
]
