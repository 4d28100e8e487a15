import { of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toStatePartition } from '../../operators/toStatePartition.ts'
import { statePartition } from '../../src/state/statePartition.ts'
import { checklist } from './checklist.ts'
import { asynchronousStateSteps } from './asynchronousStateSteps.ts'
import { stateSteps } from './stateSteps.ts'
import { rx } from './twin.ts'

checklist('toStatePartition', rx)

stateSteps('toStatePartition', rx)
asynchronousStateSteps('toStatePartition', rx)

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
