import { of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toStatePartitionMulti } from '../../operators/toStatePartitionMulti.ts'
import type { AsyncStateComputation, StateResult } from '../../src/computation.ts'
import { statePartition } from '../../src/statePartition.ts'
import { checklist, type Checked } from './checklist.ts'
import { gather } from './gather.ts'
import { asynchronousStateSteps, stateSteps, type Box, type BuildStep, type Letter } from './stateSteps.ts'

const histories = statePartition('histories', { key: (n: number) => Math.abs(n % 2), build: (): number[] => [] })

const remember = (n: number, history: number[]): StateResult<Iterable<number | undefined>> => {
  if (n < 0) return [undefined, false]
  history.push(n)
  return [new Set([undefined, ...history]), true]
}

const checked: Checked<number, number> = {
  build: (before) =>
    toStatePartitionMulti((n, history) => {
      before?.()
      return remember(n, history)
    }, histories),
  inputs: [1, -1, 2, 3, 5],
  outputs: [[1], [], [2], [1, 3], [1, 3, 5]],
  code: 'COMPUTATION_FAILED',
}

checklist('toStatePartitionMulti', checked)
checklist('toStatePartitionMulti with concurrency', {
  ...checked,
  concurrency: 2,
  inputs: [1, -1, 3, 5],
  outputs: [[1], [], [1, 3], [1, 3, 5]], // of one entity: those of different ones may overtake each other
  build: (before) =>
    toStatePartitionMulti(
      async (n, history) => {
        before?.()
        return remember(n, history)
      },
      histories,
      { concurrency: 2 },
    ),
})

/** The pair with its output in an array; anything else as it is. */
const asMany = (result: StateResult<string>): StateResult<string[]> =>
  Array.isArray(result) && result[0] !== undefined
    ? ([[result[0]], ...(result as unknown[]).slice(1)] as unknown as StateResult<string[]>)
    : (result as unknown as StateResult<string[]>)

const build: BuildStep = (computation, partition, options) => {
  const form: AsyncStateComputation<Letter, Box, string> =
    typeof computation === 'function' ? { name: computation.name, compute: computation } : computation
  const multi = {
    ...(form.name !== undefined && { name: form.name }),
    compute(letter: Letter, box: Box) {
      const result = form.compute(letter, box)
      return result instanceof Promise ? result.then(asMany) : asMany(result as StateResult<string>)
    },
  }
  return toStatePartitionMulti(multi, partition as never, options as never)
}
stateSteps('toStatePartitionMulti', build)
asynchronousStateSteps('toStatePartitionMulti', build)

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
