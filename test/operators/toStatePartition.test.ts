import { of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toStatePartition } from '../../operators/toStatePartition.ts'
import { statePartition } from '../../src/statePartition.ts'
import { checklist, type Checked } from './checklist.ts'
import { asynchronousStateSteps, stateSteps, type BuildStep } from './stateSteps.ts'

const totals = statePartition('totals', { key: (n: number) => Math.abs(n % 2), build: () => ({ total: 0 }) })

const add = (n: number, state: { total: number }): readonly [string | undefined, boolean] => {
  if (n < 0) return [undefined, false]
  state.total += n
  return [`${n % 2}: ${state.total}`, true]
}

const checked: Checked<number, string> = {
  build: (before) =>
    toStatePartition((n, state) => {
      before?.()
      return add(n, state)
    }, totals),
  inputs: [1, -1, 2, 3, 4],
  outputs: [['1: 1'], [], ['0: 2'], ['1: 4'], ['0: 6']],
  code: 'COMPUTATION_FAILED',
}

/** Outputs of different entities may overtake each other. */
const oneEntity = {
  ...checked,
  concurrency: 2,
  inputs: [1, -1, 3, 5],
  outputs: [['1: 1'], [], ['1: 4'], ['1: 9']],
} as const

checklist('toStatePartition', checked)
checklist('toStatePartition with concurrency and promises', {
  ...oneEntity,
  build: (before) =>
    toStatePartition(
      async (n, state) => {
        before?.()
        return add(n, state)
      },
      totals,
      { concurrency: 2 },
    ),
})
checklist('toStatePartition with concurrency and results at once', {
  ...oneEntity,
  build: (before) =>
    toStatePartition(
      (n, state) => {
        before?.()
        return add(n, state)
      },
      totals,
      { concurrency: 2 },
    ),
})

const build = toStatePartition as unknown as BuildStep
stateSteps('toStatePartition', build)
asynchronousStateSteps('toStatePartition', build)

describe('toStatePartition', () => {
  test('cannot be made without a key function', () => {
    const keyless = statePartition('keyless', { build: () => 0 })
    expect(() => toStatePartition((_: unknown, n: number) => [n, false] as const, keyless as never)).toThrow(
      expect.objectContaining({ code: 'STATE_PARTITION_WITHOUT_KEY', kind: 'misuse', where: { partition: 'keyless' } }),
    )
  })

  test('emits an output that is empty but not undefined', () => {
    const seen: unknown[] = []
    of(null, 0, '', false).subscribe((message) => {
      of(message)
        .pipe(toStatePartition((n) => [n, false], statePartition('any', { key: () => 0, build: () => 0 })))
        .subscribe((output) => seen.push(output))
    })
    expect(seen).toEqual([null, 0, '', false])
  })
})
