import { of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toStatePartitionMulti } from '../../operators/toStatePartitionMulti.ts'
import type { StateResult } from '../../src/step/computation.ts'
import { statePartition } from '../../src/state/statePartition.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { asynchronousStateSteps } from './asynchronousStateSteps.ts'
import { stateSteps } from './stateSteps.ts'
import { rx } from './twin.ts'

checklist('toStatePartitionMulti', rx)

stateSteps('toStatePartitionMulti', rx)
asynchronousStateSteps('toStatePartitionMulti', rx)

const histories = statePartition('histories', { key: (n: number) => n, build: (): number[] => [] })

describe('toStatePartitionMulti', () => {
  test.each([
    ['a string', 'words', '"words"'],
    ['a number', 5, '5'],
    ['null', null, 'null'],
    ['a promise', Promise.resolve([1]), 'a promise'],
  ])('says RESULT_INVALID to outputs that are %s', async (_, outputs, got) => {
    const odd = (): StateResult<never[]> => [outputs as never, false]
    for (const options of [{}, { concurrency: 1 }]) {
      const { messages, error } = await gather(of(1).pipe(toStatePartitionMulti(odd, histories, options as never)))
      expect(messages).toEqual([])
      expect(error).toMatchObject({ code: 'RESULT_INVALID', got, where: { partition: 'histories' } })
    }
  })

  test('cannot be made without a key function', () => {
    const keyless = statePartition('keyless', { build: () => 0 })
    expect(() => toStatePartitionMulti(() => [[], false], keyless as never)).toThrow(
      expect.objectContaining({ code: 'STATE_PARTITION_WITHOUT_KEY' }),
    )
  })
})
