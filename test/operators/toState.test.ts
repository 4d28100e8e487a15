import { from } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toState } from '../../operators/toState.ts'
import { toStatePartition } from '../../operators/toStatePartition.ts'
import { within } from '../../src/context/context.ts'
import { standaloneContext } from '../../src/context/standalone.ts'
import { statePartition } from '../../src/state/statePartition.ts'
import { turn } from './asynchronousSteps.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { rx } from './twin.ts'

const sum = statePartition('sum', { build: () => ({ total: 0 }) })

const add = (n: number, state: { total: number }): readonly [number | undefined, boolean] => {
  if (n === 0) return [undefined, false]
  return [(state.total += n), true]
}

checklist('toState', rx)

describe('toState', () => {
  test('has one entity, the one of key 0, whatever the key function of the state partition is', async () => {
    const byItself = statePartition('by itself', { key: (n: number) => n, build: () => ({ total: 0 }) })
    const context = standaloneContext()
    const end = within(context, () => gather(from([5, 6]).pipe(toState(add, byItself))))
    expect(await end).toEqual({ messages: [5, 11] })
    expect([...context.entities.of(byItself).keys()]).toEqual([0n])
  })

  test('shares that entity with toStatePartition', async () => {
    const shared = statePartition('shared', { key: () => 0, build: () => ({ total: 0 }) })
    const both = from([1, 2]).pipe(toState(add, shared), toStatePartition(add, shared))
    expect(await gather(both)).toEqual({ messages: [2, 8] })
  })

  test('takes one message at a time, whatever the concurrency', async () => {
    let atWork = 0
    let most = 0
    const slow = async (n: number): Promise<readonly [number, boolean]> => {
      most = Math.max(most, ++atWork)
      await turn()
      atWork--
      return [n, false]
    }
    expect(await gather(from([1, 2, 3]).pipe(toState(slow, sum, { concurrency: 3 })))).toEqual({ messages: [1, 2, 3] })
    expect(most).toBe(1)
  })

  test('says KEY_NOT_IN_PARTITION where the state partition has keys without 0', async () => {
    const others = statePartition('others', { build: () => ({ total: 0 }), keys: [1] })
    expect(await gather(from([1]).pipe(toState(add, others)))).toMatchObject({
      error: { code: 'KEY_NOT_IN_PARTITION' },
    })
  })
})
